package farthing.settlement;

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

class SettlementOperatedTest {

    private static final DataSource DATABASE = TestDatabase.separate("settlement_operated");

    private final TestClock clock = new TestClock(Instant.parse("2026-05-01T12:00:00Z"));
    private boolean astray;
    private final SettlementOperated operated = new SettlementOperated(new Database(DATABASE), () -> astray, clock);

    @BeforeEach
    void aBatchThatWasBuiltAMomentAgo() throws SQLException {
        try (var connection = DATABASE.getConnection(); var statement = connection.createStatement()) {
            statement.execute("truncate batch cascade");
            statement.execute(
                    "insert into batch (seq, parent, state, prev_hash, history_hash, receipts_root, manifest, built_at,"
                            + " receipts, charges, debits, credits, available_after, payees) values (7, 6, 'SENT', '', '', '', '"
                            + "0".repeat(64) + "', '2026-05-01 11:59:00Z', 12, 0, 0, 0, 0, 0)");
        }
    }

    @Test
    void aBatchOnItsWayIsNoConcern() {
        assertThat(operated.concerns()).isEmpty();
        assertThat(operated.facts().getFirst().value()).isEqualTo("7, sent");
    }

    @Test
    void aBatchThatIsInNoBlockForLongIsOne() {
        clock.advance(Duration.ofMinutes(15));

        assertThat(operated.concerns()).extracting(Concern::what)
                .containsExactly("Batch 7 is built and in no block, so nothing is settled: 12 receipts wait in it.");
    }

    @Test
    void anothersBatchOnTheChainIsOne() {
        astray = true;

        assertThat(operated.concerns()).extracting(Concern::id).containsExactly("settlement-astray");
    }
}
