package farthing.catalog;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import javax.sql.DataSource;

import jakarta.enterprise.context.ApplicationScoped;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;

import farthing.engine.Task;
import farthing.identity.AccountId;
import farthing.money.Amount;

/** Finds models by words and parts of words, or where there is none by words alike; narrowed down by facets. */
@ApplicationScoped
public class Search {

    static final int PAGE = 50;

    private static final int LONGEST_TEXT = 200;
    private static final int MOST_WORDS = 8;
    /** Who turns more pages than this should narrow down or sort instead. */
    static final int MOST_PAGES = 200;
    /** Where whole words find more than this, nobody misses what parts of words would add. */
    private static final long MOST_WITH_PARTS = 1_000;
    /** Of more matches than this the best are the most popular. */
    private static final long MOST_RANKED = 2_000;
    private static final int MOST_MISSPELT = 3;
    private static final int FEW_COMBINATIONS = 200;
    /** Counts of fewer models are quick, and a developer sees a new model in them at once. */
    private static final long FEW = 5_000;
    private static final Pattern BETWEEN_WORDS = Pattern.compile("[^\\p{L}\\p{N}]+");

    /**
     * @param chosen a model must have one of the values of every facet that has any
     * @param viewer whose private models are found too
     */
    record Wanted(String text, Map<Facet, Set<String>> chosen, Order order, int page, Optional<AccountId> viewer) {

        Wanted {
            String clean = text.replaceAll("\\p{Cntrl}", " ").strip();
            text = clean.substring(0, Math.min(clean.length(), LONGEST_TEXT));
        }

        Set<String> chosen(Facet facet) {
            return chosen.getOrDefault(facet, Set.of());
        }
    }

    /**
     * @param counts how many models each value of a facet would show beside what is chosen in the other facets
     * @param text what was searched for: the wanted text, or words alike where that found nothing
     */
    record Found(List<ModelCard> models, long total, int page, Map<Facet, Map<String, Long>> counts, String text) {

        Map<String, Long> counts(Facet facet) {
            return counts.getOrDefault(facet, Map.of());
        }
    }

    enum Order {
        BEST("Best match", ""),
        POPULAR("Popular", "l.calls30 desc, l.model_id"),
        PRICE("Price", "l.thousand, l.model_id"),
        LATENCY("Latency", "l.p50 nulls last, l.model_id"),
        NEWEST("Newest", "l.created_at desc, l.model_id desc"),
        UPDATED("Recently updated", "l.updated_at desc, l.model_id desc"),
        NAME("Name", "l.name, l.owner");

        final String label;
        private final String sql;

        Order(String label, String sql) {
            this.label = label;
            this.sql = sql;
        }

        String parameter() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * How many of the models that match a text have each combination of facets, by the number that names it.
     *
     * @param wholeWords whether parts of words were left out, because there are plenty without
     */
    private record Matches(boolean wholeWords, Map<Long, Long> combinations) {

        long total() {
            return combinations.values().stream().mapToLong(Long::longValue).sum();
        }
    }

    private final DataSource source;
    private final Activity activity;
    private final Clock clock;
    // What a number stands for never changes.
    private final Cache<Long, Map<Facet, String>> combinations = Caffeine.newBuilder().maximumSize(100_000).build();
    private final Cache<String, Matches> broad = Caffeine.newBuilder().maximumSize(1_000)
            .expireAfterWrite(Duration.ofSeconds(10)).build();

    Search(DataSource source, Activity activity, Clock clock) {
        this.source = source;
        this.activity = activity;
        this.clock = clock;
    }

    Found find(Wanted wanted) {
        String text = wanted.text();
        Matches matches = matches(text, wanted.viewer());
        if (matches.combinations.isEmpty() && !text.isEmpty()) {
            String other = spelt(text);
            if (!other.equals(text)) {
                text = other;
                matches = matches(text, wanted.viewer());
            }
        }
        Map<Facet, Map<String, Long>> counts = new EnumMap<>(Facet.class);
        for (Facet facet : Facet.values()) {
            counts.put(facet, new HashMap<>());
        }
        Set<Long> fitting = new HashSet<>();
        long total = count(wanted, matches, counts, fitting);
        int page = Math.clamp(wanted.page(), 1, Math.clamp((total + PAGE - 1) / PAGE, 1, MOST_PAGES));
        Sql select = new Sql(CARDS).add("(l.visibility = 'PUBLIC'");
        wanted.viewer().ifPresent(
                account -> select.add(" or l.visibility = 'PRIVATE' and l.owner_account = ?", account.value()));
        select.add(")").add(matching(text, matches.wholeWords()));
        if (fitting.size() <= FEW_COMBINATIONS) {
            // An index finds these.
            select.add(" and l.facets = any (?)", (Object) fitting.toArray(Long[]::new));
        } else {
            wanted.chosen().forEach((facet, values) -> select.add(" and l." + facet.column + " = any (?)",
                    (Object) values.toArray(String[]::new)));
        }
        select.add(order(wanted.order(), text, matches.total())).add(" limit ? offset ?", PAGE, (page - 1) * PAGE);
        return new Found(total == 0 ? List.of() : cards(select), total, page, sorted(wanted, counts), text);
    }

    /** The public models listed last. */
    public List<ModelCard> newest(int most) {
        return cards(new Sql(CARDS).add("l.visibility = 'PUBLIC' order by l.created_at desc, l.model_id desc limit ?", most));
    }

    /** The most popular of the public models that do this. */
    public Optional<ModelId> popular(Task task) {
        return new Sql("""
                select l.owner || '/' || l.name from listing l where l.visibility = 'PUBLIC' and l.task = ?
                order by l.calls30 desc, l.model_id limit 1""", task.wireName()).list(source, row -> row.getString(1)).stream()
                .findFirst().flatMap(ModelId::parse);
    }

    private Matches matches(String text, Optional<AccountId> viewer) {
        Matches open = broad.getIfPresent(text);
        if (open == null) {
            open = counted(text, "l.visibility = 'PUBLIC'");
            if (open.total() > FEW) {
                broad.put(text, open);
            }
        }
        if (viewer.isEmpty()) {
            return open;
        }
        Map<Long, Long> both = new HashMap<>(open.combinations);
        count(new Sql("l.visibility = 'PRIVATE' and l.owner_account = ?", viewer.get().value())
                .add(matching(text, open.wholeWords)))
                .forEach((number, models) -> both.merge(number, models, Long::sum));
        return new Matches(open.wholeWords, both);
    }

    private Matches counted(String text, String visible) {
        Map<Long, Long> wholeWords = count(new Sql(visible).add(matching(text, true)));
        Matches matches = new Matches(true, wholeWords);
        if (text.isEmpty() || matches.total() > MOST_WITH_PARTS) {
            return matches;
        }
        return new Matches(false, count(new Sql(visible).add(matching(text, false))));
    }

    private Map<Long, Long> count(Sql matching) {
        return new Sql("select l.facets, count(*) from listing l where ").add(matching).add(" group by l.facets")
                .list(source, row -> Map.entry(row.getLong(1), row.getLong(2))).stream()
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    /** @param wholeWords else parts of words match, too */
    private static Sql matching(String text, boolean wholeWords) {
        List<String> words = words(text);
        if (text.isEmpty()) {
            return new Sql("");
        }
        if (words.isEmpty()) {
            return new Sql(" and false");
        }
        if (words.stream().mapToInt(String::length).sum() < 3) {
            // Too little for three letters in a row.
            return new Sql(" and l.search @@ to_tsquery('simple', ?)",
                    words.stream().map(word -> "'" + word + "':*").collect(Collectors.joining(" & ")));
        }
        if (wholeWords) {
            return new Sql(" and l.search @@ websearch_to_tsquery('english', ?)", text);
        }
        Sql sql = new Sql(" and (l.search @@ websearch_to_tsquery('english', ?) or (true", text);
        words.forEach(word -> sql.add(" and l.words like ?", "%" + word + "%"));
        return sql.add("))");
    }

    private static List<String> words(String text) {
        return BETWEEN_WORDS.splitAsStream(text.toLowerCase(Locale.ROOT)).filter(word -> !word.isEmpty()).limit(MOST_WORDS)
                .toList();
    }

    /**
     * The text with the words that no listing has as those most alike. Whoever mistypes gets the first letter right and not
     * many
     * letters too many, which leaves few words to look at.
     */
    private String spelt(String text) {
        List<String> words = words(text);
        Map<String, String> alike = new Sql("""
                select asked.word, (select w.word from listing_word w where left(w.word, 1) = left(asked.word, 1)
                        and length(w.word) between length(asked.word) - 2 and length(asked.word) + 2
                        and similarity(w.word, asked.word) >= 0.3
                    order by similarity(w.word, asked.word) desc, w.word limit 1)
                from (select distinct word from unnest(?) word) asked
                where not exists (select from listing_word w where w.word = asked.word) limit ?""",
                words.toArray(String[]::new), MOST_MISSPELT)
                .list(source, row -> Map.entry(row.getString(1), Optional.ofNullable(row.getString(2)))).stream()
                .collect(Collectors.toMap(Map.Entry::getKey, entry -> entry.getValue().orElse(entry.getKey())));
        return words.stream().map(word -> alike.getOrDefault(word, word)).collect(Collectors.joining(" "));
    }

    private static Sql order(Order order, String text, long total) {
        if (order != Order.BEST) {
            return new Sql(" order by " + order.sql);
        }
        if (total > MOST_RANKED) {
            return new Sql(" order by " + Order.POPULAR.sql);
        }
        String lower = text.toLowerCase(Locale.ROOT);
        return new Sql(" order by l.name = ? or l.owner || '/' || l.name = ? desc, starts_with(l.name, ?) desc,"
                + " ts_rank(l.search, websearch_to_tsquery('english', ?)) + word_similarity(?, l.words) desc,", lower, lower,
                lower, text, lower).add(" l.calls30 desc, l.model_id");
    }

    private long count(Wanted wanted, Matches matches, Map<Facet, Map<String, Long>> counts, Set<Long> fitting) {
        Map<Long, Map<Facet, String>> values = values(matches.combinations.keySet());
        long total = 0;
        for (Map.Entry<Long, Long> combination : matches.combinations.entrySet()) {
            Map<Facet, String> value = values.getOrDefault(combination.getKey(), Map.of());
            Facet refusedBy = null;
            int refused = 0;
            for (Map.Entry<Facet, Set<String>> chosen : wanted.chosen().entrySet()) {
                if (!chosen.getValue().contains(value.getOrDefault(chosen.getKey(), ""))) {
                    refusedBy = chosen.getKey();
                    refused++;
                }
            }
            long models = combination.getValue();
            if (refused == 0) {
                total += models;
                fitting.add(combination.getKey());
                value.forEach((facet, one) -> add(counts, facet, one, models));
            } else if (refused == 1 && refusedBy != null) {
                // Its own choice narrows no facet.
                add(counts, refusedBy, value.getOrDefault(refusedBy, ""), models);
            }
        }
        return total;
    }

    private static void add(Map<Facet, Map<String, Long>> counts, Facet facet, String value, long models) {
        counts.getOrDefault(facet, Map.of()).merge(value, models, Long::sum);
    }

    private Map<Long, Map<Facet, String>> values(Set<Long> numbers) {
        Map<Long, Map<Facet, String>> known = new HashMap<>(combinations.getAllPresent(numbers));
        Long[] unknown = numbers.stream().filter(number -> !known.containsKey(number)).toArray(Long[]::new);
        if (unknown.length > 0) {
            String columns = Stream.of(Facet.values()).map(facet -> facet.column).collect(Collectors.joining(", "));
            Map<Long, Map<Facet, String>> found = new HashMap<>();
            new Sql("select distinct on (facets) facets, " + columns + " from listing where facets = any (?)",
                    (Object) unknown).list(source, Search::combination)
                    .forEach(one -> found.put(one.getKey(), one.getValue()));
            combinations.putAll(found);
            known.putAll(found);
        }
        return known;
    }

    private static Map.Entry<Long, Map<Facet, String>> combination(ResultSet row) throws SQLException {
        Map<Facet, String> value = new EnumMap<>(Facet.class);
        for (Facet facet : Facet.values()) {
            value.put(facet, row.getString(facet.column).intern());
        }
        return Map.entry(row.getLong("facets"), value);
    }

    private static Map<Facet, Map<String, Long>> sorted(Wanted wanted, Map<Facet, Map<String, Long>> counts) {
        Map<Facet, Map<String, Long>> sorted = new EnumMap<>(Facet.class);
        counts.forEach((facet, values) -> {
            // A chosen value that finds nothing must still be there to be taken back.
            wanted.chosen(facet).forEach(value -> values.putIfAbsent(value, 0L));
            Map<String, Long> inOrder = new LinkedHashMap<>();
            values.entrySet().stream().sorted(facet.order()).forEach(value -> inOrder.put(value.getKey(), value.getValue()));
            sorted.put(facet, inOrder);
        });
        return sorted;
    }

    private static final String CARDS = """
            select l.model_id, l.owner || '/' || l.name as called, l.task, l.purpose, l.size_bytes, l.quantisation, l.licence,
                l.thousand, l.p50, l.calls30, l.data_share, l.deprecated, l.visibility
            from listing l where\s""";

    private record Row(long model, ModelCard card) {
    }

    private List<ModelCard> cards(Sql select) {
        List<Row> rows = select.list(source, Search::row);
        Map<Long, String> sparks = sparks(rows.stream().filter(row -> row.card.calls30() > 0).map(Row::model).toList());
        return rows.stream().map(row -> row.card.withSpark(sparks.get(row.model))).toList();
    }

    private static Row row(ResultSet row) throws SQLException {
        String called = row.getString("called");
        int dataShare = row.getInt("data_share");
        int p50 = row.getInt("p50");
        return new Row(row.getLong("model_id"),
                new ModelCard(called, "/models/" + called, row.getString("task"), row.getString("purpose"),
                        Sizes.bytes(row.getLong("size_bytes")), row.getString("quantisation"), row.getString("licence"),
                        Amount.ofNanos(row.getLong("thousand")), p50 == 0 ? null : Sizes.duration(p50),
                        row.getLong("calls30"), null, dataShare == 0 ? null : Sizes.percent(dataShare),
                        row.getString("deprecated"), row.getString("visibility").equals("PRIVATE")));
    }

    /** The line of calls in 30 days of each of these models. */
    private Map<Long, String> sparks(List<Long> models) {
        if (models.isEmpty()) {
            return Map.of();
        }
        Map<VersionId, Long> versions = new Sql("select id, model_id from version where model_id = any (?)",
                (Object) models.toArray(Long[]::new))
                .list(source, row -> Map.entry(new VersionId(row.getInt(1)), row.getLong(2))).stream()
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        LocalDate first = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC).minusDays(Shelf.DAYS - 1);
        Function<Long, long[]> none = model -> new long[Shelf.DAYS];
        Map<Long, long[]> calls = new HashMap<>();
        for (Activity.Day day : activity.of(versions.keySet(), first)) {
            int at = (int) (day.day().toEpochDay() - first.toEpochDay());
            if (at < Shelf.DAYS) {
                calls.computeIfAbsent(versions.getOrDefault(day.version(), 0L), none)[at] += day.answered();
            }
        }
        Map<Long, String> sparks = new HashMap<>();
        calls.forEach((model, days) -> sparks.put(model, spark(days)));
        return sparks;
    }

    /** In the box of tags/sparkline.html. */
    static String spark(long[] days) {
        long most = Math.max(1, Arrays.stream(days).max().orElse(1));
        List<String> points = new ArrayList<>();
        for (int i = 0; i < days.length; i++) {
            points.add(i * 100 / (days.length - 1) + "," + (23 - days[i] * 22 / most));
        }
        return String.join(" ", points);
    }
}
