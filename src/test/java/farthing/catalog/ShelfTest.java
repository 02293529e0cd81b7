package farthing.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

import javax.sql.DataSource;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import farthing.TestClock;
import farthing.TestDatabase;
import farthing.catalog.Search.Found;
import farthing.catalog.Search.Order;
import farthing.catalog.Search.Wanted;
import farthing.engine.Task;
import farthing.identity.AccountId;
import farthing.money.Price;

/** Search, facets and sorts on random catalogues, compared with what a loop over all models finds. */
class ShelfTest {

    private static final Instant NOW = Instant.parse("2026-05-05T12:00:00Z");
    private static final LocalDate TODAY = LocalDate.ofInstant(NOW, ZoneOffset.UTC);
    private static final AccountId OWNER = new AccountId(3);
    private static final List<String> WORDS = List.of("zorb", "quib", "flimp", "drax", "voop");
    private static final List<String> LICENCES = List.of("MIT", "Apache-2.0", "CC-BY-4.0");
    private static final List<String> QUANTISATIONS = List.of("Q4_K_M", "Q8_0", "int8");

    /** One model as the test wrote it. */
    private record Written(long model, int version, String name, long owner, boolean open, String words, Price price, Task task,
            Instant created, long calls, long micros, Map<Facet, String> facets) {

        long thousand() {
            return TypicalCall.of(task).costOfThousand(price).nanos();
        }
    }

    private static final DataSource DATABASE = kept(TestDatabase.separate("shelf"));
    private final TestClock clock = new TestClock(NOW);
    private final Counted activity = new Counted();
    private final Shelf shelf = new Shelf(DATABASE, activity, clock);
    private final Search search = new Search(DATABASE, activity, clock);
    private final List<Written> written = new ArrayList<>();

    /** What the calls of each version came to, all of them yesterday. */
    private static final class Counted implements Activity {

        final Map<VersionId, Day> days = new HashMap<>();

        @Override
        public List<Day> of(Collection<VersionId> versions, LocalDate from) {
            return days.values().stream().filter(day -> versions.contains(day.version()) && !day.day().isBefore(from)).toList();
        }

        @Override
        public List<VersionId> activeSince(Instant moment) {
            return List.copyOf(days.keySet());
        }
    }

    @BeforeEach
    void empty() {
        run("truncate model, version, version_file, offer, listing, listing_word cascade");
        run("update listing_kept set offers_at = '-infinity', figures_at = '-infinity'");
    }

    @ParameterizedTest
    @ValueSource(longs = { 1, 2 })
    void countsAndFindsWhatALoopOverAllModelsFinds(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 120; i++) {
            write(random, i);
        }
        shelf.catchUp();
        shelf.countCalls();
        for (int i = 0; i < 40; i++) {
            Map<Facet, Set<String>> chosen = chosen(random);
            String text = random.nextInt(3) == 0 ? ""
                    : pick(random, WORDS) + (random.nextBoolean() ? "" : " " + pick(random, WORDS));
            Optional<AccountId> viewer = random.nextBoolean() ? Optional.empty() : Optional.of(OWNER);
            Order order = Order.values()[random.nextInt(Order.values().length)];
            Found found = search.find(new Wanted(text, chosen, order, 1, viewer));
            List<Written> matching = written.stream()
                    .filter(one -> one.open || viewer.filter(account -> account.value() == one.owner).isPresent())
                    .filter(one -> List.of(text.split(" ")).stream().allMatch(one.words::contains)).toList();

            for (Facet facet : Facet.values()) {
                Map<String, Long> counts = new TreeMap<>();
                matching.stream().filter(fits(chosen, facet))
                        .forEach(one -> counts.merge(one.facets.get(facet), 1L, Long::sum));
                chosen.getOrDefault(facet, Set.of()).forEach(value -> counts.putIfAbsent(value, 0L));
                if (!matching.isEmpty()) {
                    assertThat(new TreeMap<>(found.counts(facet))).as(facet + " of " + text + chosen).isEqualTo(counts);
                }
            }
            List<Written> expected = matching.stream().filter(fits(chosen, null)).toList();
            assertThat(found.total()).isEqualTo(expected.size());
            assertThat(expected.stream().map(Written::name).toList())
                    .containsAll(found.models().stream().map(ModelCard::name).toList());
            if (order != Order.BEST) {
                assertThat(found.models()).extracting(ModelCard::name)
                        .isEqualTo(expected.stream().sorted(by(order)).limit(Search.PAGE).map(Written::name).toList());
            }
        }
    }

    @Test
    void anOfferThatComesIntoForceTurnsTheOrderOfPrices() {
        Random random = new Random(5);
        Written cheap = write(random, 0, new Price(10_000, 0, 0, 0), Task.EMBEDDING);
        Written dear = write(random, 1, new Price(20_000, 0, 0, 0), Task.EMBEDDING);
        offer(cheap.version, NOW.plusSeconds(3600), new Price(30_000_000_000L, 0, 0, 0));
        shelf.catchUp();
        assertThat(byPrice()).containsExactly(cheap.name, dear.name);

        clock.advance(Duration.ofSeconds(3599));
        shelf.catchUp();
        assertThat(byPrice()).containsExactly(cheap.name, dear.name);

        clock.advance(Duration.ofSeconds(1));
        assertThat(shelf.catchUp()).isPositive();
        assertThat(byPrice()).containsExactly(dear.name, cheap.name);
        assertThat(search.find(new Wanted("", Map.of(), Order.PRICE, 1, Optional.empty())).counts(Facet.PRICE))
                .containsKeys("up to $0.01", "over $1");
    }

    @Test
    void aModelThatIsWithdrawnOrSuspendedLeavesTheListAndComesBack() {
        Written one = write(new Random(6), 0, new Price(1, 0, 0, 0), Task.EMBEDDING);
        shelf.catchUp();
        for (String change : List.of("visibility = 'UNLISTED'", "suspended = true")) {
            run("update model set " + change);
            assertThat(shelf.catchUp()).isPositive();
            assertThat(byPrice()).isEmpty();
            run("update model set visibility = 'PUBLIC', suspended = false");
            shelf.catchUp();
            assertThat(byPrice()).containsExactly(one.name);
        }
        assertThat(shelf.catchUp()).as("nothing is written twice").isZero();
    }

    @Test
    void figuresOlderThanThirtyDaysAreForgotten() {
        Written one = write(new Random(7), 0, new Price(1, 0, 0, 0), Task.EMBEDDING);
        activity.days.put(new VersionId(one.version), day(one.version, 7, 40_000));
        shelf.catchUp();
        shelf.countCalls();
        ModelCard card = search.newest(1).getFirst();
        assertThat(card.calls30()).isEqualTo(7);
        assertThat(card.p50()).isEqualTo("38 ms");
        assertThat(card.spark()).startsWith("0,23 ").contains(",1 ").endsWith("100,23");

        clock.advance(Duration.ofDays(30));
        shelf.countCalls();
        assertThat(search.newest(1).getFirst().calls30()).isZero();
        assertThat(search.newest(1).getFirst().p50()).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = { "%", "_", "\\", "'", "''; drop table listing; --", "& | ! ( :* <->", "a", "z b", "\"zorb", "-zorb",
            "zorb or",
            "\0\u0001", "zorb\u0000quib", "Ⅷ ß 日本語", "((((((((((", "zorb:*" })
    void whateverIsTypedIsHarmless(String text) {
        for (int i = 0; i < 5; i++) {
            write(new Random(i), i);
        }
        shelf.catchUp();
        assertThat(
                search.find(new Wanted(text, Map.of(Facet.LICENCE, Set.of("' or true --")), Order.BEST, -7, Optional.of(OWNER)))
                        .total())
                .isZero();
        assertThat(search.find(new Wanted(text, Map.of(), Order.BEST, 1 << 30, Optional.empty())).models()).isNotNull();
    }

    @Test
    @Timeout(60)
    void aVeryLongTextIsCut() {
        write(new Random(1), 1);
        shelf.catchUp();
        Wanted wanted = new Wanted("zorb ".repeat(100_000), Map.of(), Order.BEST, 1, Optional.empty());
        assertThat(wanted.text()).as("all that a search can look for").hasSizeLessThanOrEqualTo(200);
        assertThat(search.find(wanted).text()).hasSizeLessThanOrEqualTo(200);
    }

    /** One connection for all: opening one for each statement would take most of the time. */
    private static DataSource kept(DataSource source) {
        try {
            Connection connection = source.getConnection();
            Connection open = (Connection) Proxy.newProxyInstance(ShelfTest.class.getClassLoader(),
                    new Class<?>[] { Connection.class },
                    (proxy, method, arguments) -> method.getName().equals("close") ? null
                            : method.invoke(connection, arguments));
            return (DataSource) Proxy.newProxyInstance(ShelfTest.class.getClassLoader(), new Class<?>[] { DataSource.class },
                    (proxy, method, arguments) -> open);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private List<String> byPrice() {
        return search.find(new Wanted("", Map.of(), Order.PRICE, 1, Optional.empty())).models().stream().map(ModelCard::name)
                .toList();
    }

    private static Predicate<Written> fits(Map<Facet, Set<String>> chosen, @Nullable Facet except) {
        return one -> chosen.entrySet().stream()
                .allMatch(facet -> facet.getKey() == except || facet.getValue().contains(one.facets.get(facet.getKey())));
    }

    private static Comparator<Written> by(Order order) {
        Comparator<Written> model = Comparator.comparing(Written::model);
        return switch (order) {
            case BEST, POPULAR -> Comparator.comparing(Written::calls).reversed().thenComparing(model);
            case PRICE -> Comparator.comparing(Written::thousand).thenComparing(model);
            case LATENCY -> Comparator.comparing((Written one) -> one.micros == 0 ? Long.MAX_VALUE : bucket(one.micros))
                    .thenComparing(model);
            case NEWEST -> Comparator.comparing(Written::created).thenComparing(model).reversed();
            case UPDATED -> Comparator.comparing((Written one) -> -one.created.getEpochSecond()).thenComparing(model);
            case NAME -> Comparator.comparing((Written one) -> one.name.substring(one.name.indexOf('/') + 1))
                    .thenComparing(Written::name);
        };
    }

    private static long bucket(long micros) {
        Durations durations = new Durations();
        durations.add(micros);
        return durations.within(500).getAsLong();
    }

    private static Map<Facet, Set<String>> chosen(Random random) {
        Map<Facet, Set<String>> chosen = new EnumMap<>(Facet.class);
        if (random.nextBoolean()) {
            chosen.put(Facet.LICENCE, random.nextBoolean() ? Set.of(pick(random, LICENCES)) : Set.of("MIT", "WTFPL"));
        }
        if (random.nextBoolean()) {
            chosen.put(Facet.QUANTISATION, Set.copyOf(List.of(pick(random, QUANTISATIONS), pick(random, QUANTISATIONS))));
        }
        if (random.nextInt(3) == 0) {
            chosen.put(Facet.TASK, Set.of("chat", "embedding"));
        }
        if (random.nextInt(3) == 0) {
            chosen.put(Facet.PRICE, Set.of("up to $0.01", "free"));
        }
        return chosen;
    }

    private Written write(Random random, int i) {
        Price price = random.nextInt(10) == 0 ? new Price(0, 0, 0, 0)
                : new Price(random.nextLong(20_000_000_000L), random.nextLong(1_000_000_000), random.nextInt(2) * 777L,
                        random.nextInt(2) * 3L);
        return write(random, i, price, Task.values()[random.nextInt(Task.values().length)]);
    }

    private Written write(Random random, int i, Price price, Task task) {
        long owner = 1L + random.nextInt(4);
        boolean open = random.nextInt(5) > 0 || i == 0;
        String name = "own" + owner + "/m" + String.format("%03d", i);
        String purpose = pick(random, WORDS) + " " + pick(random, WORDS) + ".";
        String licence = pick(random, LICENCES);
        String quantisation = pick(random, QUANTISATIONS);
        String engine = task == Task.CHAT ? "GGUF" : "ONNX";
        long size = (long) Math.pow(10, 6 + 3 * random.nextDouble());
        int context = 256 << random.nextInt(9);
        Instant created = NOW.minusSeconds(1 + random.nextInt(1_000_000));
        List<Long> ids = new Sql("""
                insert into model (owner_account, owner, name, task, purpose, card, created_at, updated_at, visibility)
                values (?, ?, ?, ?, ?, 'A card.', ?, ?, ?) returning id""", owner, "own" + owner, name.substring(5),
                task.wireName(),
                purpose, created, created, open ? "PUBLIC" : "PRIVATE").list(DATABASE, row -> row.getLong(1));
        int version = new Sql("""
                insert into version (model_id, label, engine, quantisation, parameters, size_bytes, context_tokens, licence,
                    attribution, prompt_template, pooling, normalise, split_developer, split_base_model, split_data_pool,
                    split_validators, split_platform, provenance, created_at, payee)
                values (?, '1', ?, ?, 1, ?, ?, ?, '', 'NONE', 'NONE', false, 10000, 0, 0, 0, 0, '', ?, '0x') returning id""",
                ids.getFirst(), engine, quantisation, size, context, licence, created).list(DATABASE, row -> row.getInt(1))
                .getFirst();
        offer(version, created, price);
        long calls = random.nextInt(3) == 0 ? 0 : random.nextInt(1000);
        long micros = calls == 0 ? 0 : 1_000 + random.nextInt(1_000_000);
        if (calls > 0) {
            activity.days.put(new VersionId(version), day(version, calls, micros));
        }
        Map<Facet, String> facets = new EnumMap<>(Facet.class);
        facets.put(Facet.TASK, task.wireName());
        facets.put(Facet.ENGINE, engine.toLowerCase(Locale.ROOT));
        facets.put(Facet.LICENCE, licence);
        facets.put(Facet.QUANTISATION, quantisation);
        facets.put(Facet.SIZE, size <= 10_000_000 ? "up to 10 MB"
                : size <= 50_000_000 ? "10 to 50 MB"
                        : size <= 500_000_000 ? "50 to 500 MB" : "over 500 MB");
        facets.put(Facet.CONTEXT, context <= 512 ? "up to 512 tokens"
                : context <= 4096 ? "512 to 4,096 tokens"
                        : context <= 32768 ? "4,096 to 32,768 tokens" : "over 32,768 tokens");
        long thousand = TypicalCall.of(task).costOfThousand(price).nanos();
        facets.put(Facet.PRICE, thousand == 0 ? "free"
                : thousand <= 10_000_000 ? "up to $0.01"
                        : thousand <= 100_000_000 ? "$0.01 to $0.10" : thousand <= 1_000_000_000 ? "$0.10 to $1" : "over $1");
        Written one = new Written(ids.getFirst(), version, name, owner, open, name.replace('/', ' ') + " " + purpose, price,
                task,
                created, calls, micros, facets);
        written.add(one);
        return one;
    }

    private static Activity.Day day(int version, long calls, long micros) {
        Durations latency = new Durations();
        latency.add(micros);
        return new Activity.Day(new VersionId(version), TODAY.minusDays(1), calls, 0, latency, new Durations());
    }

    private void offer(int version, Instant from, Price price) {
        new Sql("insert into offer (version_id, valid_from, per_million_input_tokens, per_million_output_tokens, per_call, per_item)"
                + " values (?, ?, ?, ?, ?, ?)", version, from, price.perMillionInputTokens(), price.perMillionOutputTokens(),
                price.perCall(), price.perItem()).update(DATABASE);
    }

    private void run(String sql) {
        new Sql(sql).update(DATABASE);
    }

    private static <T> T pick(Random random, List<T> from) {
        return from.get(random.nextInt(from.size()));
    }
}
