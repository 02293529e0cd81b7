package farthing.metering;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;

import javax.sql.DataSource;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import farthing.TestClock;
import farthing.TestDatabase;
import farthing.web.Operated.Concern;
import farthing.web.Operated.Fact;

class MeteringOperatedTest {

    private static final DataSource DATABASE = TestDatabase.separate("metering_operated");

    private final TestClock clock = new TestClock(Instant.parse("2026-05-01T12:00:00Z"));
    private final MeteringOperated operated = new MeteringOperated(new Database(DATABASE), Duration.ofSeconds(15), clock);

    @BeforeEach
    void aServerThatWasSeenJustNowAndHoldsALease() throws SQLException {
        run("truncate lease, instance, frozen_line cascade");
        run("insert into instance values (7, '2026-05-01 11:00:00Z', '2026-05-01 11:59:59Z')");
        run("insert into lease (id, line, instance, granted, state, opened_at)"
                + " values (1, 1, 7, 5000000000, 'OPEN', '2026-05-01 11:00:00Z')");
    }

    @Test
    void aServerThatLivesIsNoConcern() {
        assertThat(operated.concerns()).isEmpty();
        assertThat(operated.facts()).contains(new Fact("Servers running", "1"), new Fact("Open leases", "1, $5.00 in them"));
    }

    @Test
    void aServerThatIsGoneAndWhoseLeasesNobodyTakesBackIsOne() {
        clock.advance(Duration.ofMinutes(5));

        assertThat(operated.concerns()).singleElement().satisfies(concern -> {
            assertThat(concern.what()).isEqualTo("A server that is gone still holds 1 lease, $5.00 of its callers' budgets.");
            assertThat(concern.since()).isEqualTo("2026-05-01T11:59:59Z");
        });
    }

    @Test
    void aLineWhoseDepositIsLostIsOneAndOneThatIsLeftIsNot() throws SQLException {
        run("insert into frozen_line (line, reason, since) values (3, 'EXIT_REQUESTED', '2026-05-01 10:00:00Z'),"
                + " (4, 'DEPOSIT_LOST', '2026-05-01 11:00:00Z')");

        assertThat(operated.concerns()).extracting(Concern::id).containsExactly("line-4");
        assertThat(operated.facts()).contains(new Fact("Frozen lines", "2"));
    }

    private static void run(String sql) throws SQLException {
        try (var connection = DATABASE.getConnection(); var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
