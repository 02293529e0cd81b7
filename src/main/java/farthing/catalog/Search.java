package farthing.catalog;

import java.time.Clock;
import java.time.Instant;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.persistence.Query;
import jakarta.transaction.Transactional;

import org.jspecify.annotations.Nullable;

import farthing.engine.Task;

/** Finds models by words and parts of words, or where there is none by words alike; narrowed down by facets. */
@ApplicationScoped
class Search {

    static final int PAGE = 50;

    /** @param chosen a model must have one of the values of every facet that has any */
    record Wanted(String text, Map<Facet, Set<String>> chosen, Order order, int page) {

        Wanted {
            String clean = text.replaceAll("\\p{Cntrl}", " ").strip();
            text = clean.substring(0, Math.min(clean.length(), 200));
        }

        Set<String> chosen(Facet facet) {
            return chosen.getOrDefault(facet, Set.of());
        }
    }

    /** @param counts how many models each value of a facet would show beside what is chosen in the other facets */
    record Found(List<ModelCard> models, long total, int page, Map<Facet, Map<String, Long>> counts) {

        Map<String, Long> counts(Facet facet) {
            return counts.getOrDefault(facet, Map.of());
        }
    }

    enum Order {
        BEST("Best match",
                "ts_rank(m.search, websearch_to_tsquery('english', :text)) + word_similarity(lower(:text), m.words) desc, m.name"),
        NAME("Name", "m.name, m.owner"),
        PRICE("Price", """
                v.per_call + v.per_item * typical.items + (v.per_million_input_tokens * cast(typical.input_tokens as numeric)
                + v.per_million_output_tokens * cast(typical.output_tokens as numeric)) / 1000000, m.name"""),
        NEWEST("Newest", "m.created_at desc, m.id desc");

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

    // The newest version with an offer in force stands for its model.
    private static final String MODELS = " " + """
            from model m
            join lateral (
                select v.*, o.per_million_input_tokens, o.per_million_output_tokens, o.per_call, o.per_item
                from version v join lateral (
                    select * from offer where offer.version_id = v.id and offer.valid_from <= :now
                    order by offer.valid_from desc, offer.id desc limit 1) o on true
                where v.model_id = m.id order by v.id desc limit 1) v on true
            join (values %s) typical (task, input_tokens, output_tokens, items) on typical.task = m.task
            where m.visibility = 'PUBLIC' and not m.suspended and\s""".replace("%s", typicalCalls());
    private static final String EXACT = """
            (:text = '' or m.search @@ websearch_to_tsquery('english', :text) or m.words like :part)
            """;
    private static final String ALIKE = "lower(:text) <% m.words";

    private final EntityManager database;
    private final Clock clock;

    Search(EntityManager database, Clock clock) {
        this.database = database;
        this.clock = clock;
    }

    @Transactional
    Found find(Wanted wanted) {
        Instant now = clock.instant();
        boolean exact = count(new Wanted(wanted.text(), Map.of(), wanted.order(), 1), EXACT, now) > 0;
        // Two swapped letters leave a word little more than this; the usual 0.6 would miss it.
        database.createNativeQuery("select set_config('pg_trgm.word_similarity_threshold', '0.4', true)").getSingleResult();
        String matches = exact ? EXACT : ALIKE;
        long total = count(wanted, matches, now);
        int page = Math.clamp(wanted.page(), 1, (int) Math.max(1, (total + PAGE - 1) / PAGE));
        List<?> ids = query("select v.id", wanted, matches, null, " order by " + wanted.order().sql, now)
                .setFirstResult((page - 1) * PAGE).setMaxResults(PAGE).getResultList();
        Map<Object, Version> versions = database
                .createQuery("from Version v join fetch v.model where v.id in :ids", Version.class).setParameter("ids", ids)
                .getResultStream().collect(Collectors.toMap(version -> version.id, version -> version));
        List<ModelCard> cards = ids.stream().map(versions::get)
                .map(version -> ModelCard.of(version, version.offerAt(now).orElseThrow().price())).toList();
        Map<Facet, Map<String, Long>> counts = new EnumMap<>(Facet.class);
        for (Facet facet : Facet.values()) {
            counts.put(facet, counts(facet, wanted, matches, now));
        }
        return new Found(cards, total, page, counts);
    }

    private long count(Wanted wanted, String matches, Instant now) {
        return ((Number) query("select count(*)", wanted, matches, null, "", now).getSingleResult()).longValue();
    }

    private Map<String, Long> counts(Facet facet, Wanted wanted, String matches, Instant now) {
        Map<String, Long> counts = new LinkedHashMap<>();
        for (Object row : query("select " + facet.sql + ", count(*)", wanted, matches, facet, " group by 1 order by min("
                + facet.rank + "), 2 desc, 1", now).getResultList()) {
            Object[] columns = (Object[]) row;
            counts.put((String) columns[0], ((Number) columns[1]).longValue());
        }
        // A chosen value that finds nothing must still be there to be taken back.
        wanted.chosen(facet).forEach(value -> counts.putIfAbsent(value, 0L));
        return counts;
    }

    private Query query(String select, Wanted wanted, String matches, @Nullable Facet except, String end, Instant now) {
        StringBuilder sql = new StringBuilder(select).append(MODELS).append(matches);
        List<Facet> narrowing = Stream.of(Facet.values())
                .filter(facet -> facet != except && !wanted.chosen(facet).isEmpty()).toList();
        narrowing.forEach(facet -> sql.append(" and ").append(facet.sql).append(" in :").append(facet.parameter()));
        Query query = database.createNativeQuery(sql.append(end).toString()).setParameter("now", now)
                .setParameter("text", wanted.text());
        if (matches.equals(EXACT)) {
            query.setParameter("part", "%" + wanted.text().toLowerCase(Locale.ROOT).replaceAll("([%_\\\\])", "\\\\$1") + "%");
        }
        narrowing.forEach(facet -> query.setParameter(facet.parameter(), wanted.chosen(facet)));
        return query;
    }

    private static String typicalCalls() {
        return Stream.of(Task.values()).map(task -> {
            TypicalCall call = TypicalCall.of(task);
            return "('%s', %d, %d, %d)".formatted(task.wireName(), call.inputTokens(), call.outputTokens(), call.items());
        }).collect(Collectors.joining(", "));
    }
}
