package farthing.metering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;

import javax.sql.DataSource;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import farthing.TestClock;
import farthing.TestDatabase;

class UsageWeeksTest {

    private static final DataSource SOURCE = TestDatabase.separate("usage_weeks");

    /** In the years to come, whose weeks have no table yet. */
    private final TestClock clock = new TestClock(Instant.parse("2031-03-05T12:00:00Z"));
    private final Database database = new Database(SOURCE);
    private long inFinalBatches;
    private final Settled settled = new Settled() {

        @Override
        public Map<Long, Integer> upTo(Connection connection, Collection<Long> leases) {
            return Map.of();
        }

        @Override
        public Optional<InBatch> batchOf(long lease, int seq) {
            return Optional.empty();
        }

        @Override
        public long inFinalBatches(Connection connection, Collection<Stretch> stretches) {
            return inFinalBatches;
        }
    };
    private final UsageWeeks weeks = new UsageWeeks(database, settled, clock, Duration.ofDays(60));

    @BeforeEach
    void noWeekButTheFirst() {
        run("""
                do $$ declare week text; begin
                    for week in select name from usage_partition where begins is not null loop
                        execute format('drop table %I', week);
                    end loop;
                end $$""");
        run("truncate usage, usage_reversal, receipt_commit, lease, instance cascade");
        run("insert into instance values (1, now(), now())");
        run("insert into lease (id, line, instance, granted, state, opened_at) values (5, 1, 1, 9, 'OPEN', now())");
        weeks.prepare();
    }

    @Test
    void theWeeksToComeHaveTheirTablesAndAreMadeOnce() {
        weeks.prepare();
        assertThat(number("select count(*) from usage_partition where begins is not null")).isEqualTo(4);
        assertThat(number("select count(*) from usage_partition where name = 'usage_2031w10'"
                + " and begins = '2031-03-03' and ends = '2031-03-10'")).isEqualTo(1);
        usage(0, "2031-03-09T23:59:59.999999Z");
        usage(1, "2031-03-10T00:00:00Z");
        assertThat(number("select count(*) from usage_2031w10")).isEqualTo(1);
        assertThat(number("select count(*) from usage_2031w11")).isEqualTo(1);
    }

    @Test
    void aCallOfAServerWhoseClockIsFarOffIsKept() {
        usage(0, "2199-01-01T00:00:00Z");
        assertThat(number("select count(*) from usage_astray")).isEqualTo(1);
        assertThat(number("select count(*) from usage")).isEqualTo(1);
    }

    @Test
    void aWeekThatAClockWasAheadOfTakesInWhatWasChargedInIt() {
        usage(0, "2031-06-04T00:00:00Z");
        assertThat(number("select count(*) from usage_astray")).isEqualTo(1);
        clock.advance(Duration.ofDays(90));
        weeks.prepare();
        assertThat(number("select count(*) from usage_astray")).isZero();
        assertThat(number("select count(*) from usage_2031w23")).isEqualTo(1);
    }

    @Test
    void aWeekGoesWholeWhenItIsOldAndAllOfItIsFinal() {
        usage(0, "2031-03-04T00:00:00Z");
        usage(1, "2031-03-05T00:00:00Z");
        usage(2, "2031-03-12T00:00:00Z");
        inFinalBatches = 2;
        clock.advance(Duration.ofDays(64));
        assertThat(weeks.dropOld()).as("not old enough").doesNotContain("usage_2031w10");
        clock.advance(Duration.ofDays(1));
        assertThat(weeks.dropOld()).containsExactly("usage_2031w10");
        assertThat(number("select count(*) from usage")).isEqualTo(1);
        assertThat(number("select count(*) from receipt_commit")).as("commits go with their calls").isEqualTo(1);
    }

    @Test
    void aWeekStaysWhileOneOfItsCallsIsInNoFinalBatch() {
        usage(0, "2031-03-04T00:00:00Z");
        usage(1, "2031-03-05T00:00:00Z");
        inFinalBatches = 1;
        clock.advance(Duration.ofDays(70));
        assertThat(weeks.dropOld()).doesNotContain("usage_2031w10");
        assertThat(number("select count(*) from usage")).isEqualTo(2);
    }

    @Test
    void aReversedCallDoesNotKeepItsWeekAndGoesWithIt() {
        usage(0, "2031-03-04T00:00:00Z");
        run("insert into usage_reversal (receipt, commit_id, reversed_at, account, charged_at)"
                + " select receipt, commit_id, charged_at, account, charged_at from usage");
        inFinalBatches = 0;
        clock.advance(Duration.ofDays(70));
        assertThat(weeks.dropOld()).contains("usage_2031w10");
        assertThat(number("select count(*) from usage_reversal")).isZero();
    }

    @Test
    void aRetentionFromWhichABatchCouldNotBePostedAgainIsRefused() {
        assertThatThrownBy(() -> new UsageWeeks(database, settled, clock, Duration.ofDays(3)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("at least 30d");
    }

    private void usage(int seq, String at) {
        run("insert into receipt_commit values (%d, '', 1, '', '', '%s')".formatted(seq, at));
        run("""
                insert into usage select gen_random_uuid(), %d, 0, 1, 5, %d, 1, 1, 1, 1, 1, 1, 1, 1, 'COMPLETE', false, '%s', '%s',
                    '', '', '', '', ''"""
                .formatted(seq, seq, at, at));
    }

    private void run(String sql) {
        database.inTransaction(connection -> {
            try (var statement = connection.createStatement()) {
                return statement.execute(sql);
            }
        });
    }

    private long number(String query) {
        return database.read(connection -> {
            try (var rows = connection.createStatement().executeQuery(query)) {
                rows.next();
                return rows.getLong(1);
            }
        });
    }
}
