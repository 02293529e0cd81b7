package farthing.metering;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

import org.junit.jupiter.api.Test;

import farthing.catalog.Listing;
import farthing.catalog.VersionId;
import farthing.identity.Caller;
import farthing.money.Amount;
import farthing.money.Price;
import farthing.money.Split;

/** The sums that pages read, against the calls themselves. */
class RollUpsTest {

    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);

    @Test
    void theSumsOfAVersionAreTheSumsOfWhatEachCallWasDividedInto() throws Exception {
        try (Calls calls = new Calls(10_000_000)) {
            Split split = split();
            Listing listing = Calls.listing(new VersionId(random.nextInt(2, Integer.MAX_VALUE)), new Price(1_000_000, 0, 3, 0),
                    split);
            Caller caller = calls.caller();
            CallFigures.Sums expected = CallFigures.Sums.NONE;
            for (int i = 0; i < 40; i++) {
                Amount charge = charge(calls, caller, listing, random.nextInt(5_000));
                expected = expected.plus(new CallFigures.Sums(1, charge, split.divide(charge)));
            }
            CallFigures figures = new CallFigures(new UsageLog(calls.source), calls.source);
            LocalDate today = LocalDate.ofInstant(calls.clock.instant(), ZoneOffset.UTC);
            assertThat(figures.inAll(List.of(listing.version()))).as("seed " + seed).isEqualTo(expected);
            assertThat(figures.byDay(List.of(listing.version()), today))
                    .containsExactly(new CallFigures.OfDay(today, expected));
            assertThat(figures.byDay(List.of(listing.version()), today.plusDays(1))).isEmpty();
        }
    }

    @Test
    void theMigrationComesToTheSameSumsAsTheWriter() throws Exception {
        try (Calls calls = new Calls(10_000_000)) {
            List<Listing> listings = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                listings.add(Calls.listing(new VersionId(random.nextInt(2, Integer.MAX_VALUE)),
                        new Price(1_000_000, 0, 3, 0), split()));
            }
            for (int i = 0; i < 60; i++) {
                calls.clock.advance(Duration.ofHours(random.nextInt(20)));
                charge(calls, calls.caller(), listings.get(random.nextInt(3)), random.nextInt(30));
            }
            try (Connection connection = calls.source.getConnection(); Statement statement = connection.createStatement()) {
                // Taken back in the end: the sums of the others stay as they are.
                connection.setAutoCommit(false);
                statement.execute("set local session_replication_role = replica");
                for (Listing listing : listings) {
                    insertVersion(statement, listing);
                }
                List<String> written = sums(statement, listings);
                statement.execute("truncate usage_day, version_day, version_total, market_day");
                for (String each : migration().split(";\n")) {
                    String command = each.replaceAll("(?m)^--.*\n", "").strip();
                    if (command.startsWith("insert into")) {
                        statement.execute(command);
                    }
                }
                assertThat(sums(statement, listings)).as("seed " + seed).isEqualTo(written).hasSizeGreaterThan(50);
                connection.rollback();
            }
        }
    }

    private static void insertVersion(Statement statement, Listing listing) throws SQLException {
        Split split = listing.split();
        statement.execute(
                """
                        insert into version (id, model_id, label, engine, quantisation, parameters, size_bytes, context_tokens, licence,
                            attribution, prompt_template, pooling, normalise, split_developer, split_base_model, split_data_pool,
                            split_validators, split_platform, provenance, created_at, payee)
                        overriding system value
                        values (%1$d, 1, '%1$d', 'GGUF', '', 1, 1, 1, '', '', '', '', false, %2$d, %3$d, %4$d, %5$d, %6$d, '', now(), '')
                        """
                        .formatted(listing.version().value(), split.developer(), split.baseModel(), split.dataPool(),
                                split.validators(), split.platform()));
    }

    /** Whoever the writer was. */
    private static List<String> sums(Statement statement, List<Listing> listings) throws SQLException {
        String ids = listings.stream().map(listing -> Integer.toString(listing.version().value()))
                .collect(Collectors.joining(", "));
        List<String> sums = new ArrayList<>();
        for (String query : List.of("select * from usage_day where version in (%s) order by 1, 2, 3, 4",
                "select version, day, calls, nanos, developer, base_model, data_pool, validators, platform from version_day"
                        + " where version in (%s) order by 1, 2",
                "select version, calls, nanos, developer, base_model, data_pool, validators, platform from version_total"
                        + " where version in (%s) order by 1")) {
            try (ResultSet row = statement.executeQuery(query.formatted(ids))) {
                while (row.next()) {
                    StringBuilder text = new StringBuilder();
                    for (int i = 1; i <= row.getMetaData().getColumnCount(); i++) {
                        text.append(row.getString(i)).append(' ');
                    }
                    sums.add(text.toString());
                }
            }
        }
        return sums;
    }

    private static String migration() throws IOException {
        try (InputStream in = RollUps.class.getResourceAsStream("/db/migration/V11__roll_ups.sql")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static Amount charge(Calls calls, Caller caller, Listing listing, int tokens) {
        try (Reservation call = calls.metering.reserve(caller, listing, tokens, 1)) {
            return call.charge(Calls.consumed(tokens, 0), null).amount();
        }
    }

    /** Parts that leave remainders. */
    private Split split() {
        int developer = random.nextInt(1, 5_000);
        int base = random.nextInt(1_000);
        int data = random.nextInt(2_000);
        int validators = random.nextInt(500);
        return new Split(developer, base, data, validators, Split.WHOLE - developer - base - data - validators);
    }
}
