package farthing.metering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;

import javax.sql.DataSource;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import farthing.TestClock;
import farthing.TestDatabase;
import farthing.settlement.BatchesByHand;
import farthing.settlement.BatchesByHand.Run;

class UsageWeeksTest {

    private static final DataSource SOURCE = TestDatabase.separate("usage_weeks");

    /** In the years to come, whose weeks have no table yet. */
    private final TestClock clock = new TestClock(Instant.parse("2031-03-05T12:00:00Z"));
    private final Database database = new Database(SOURCE);
    private final BatchesByHand batches = new BatchesByHand(SOURCE);
    private final UsageWeeks weeks = new UsageWeeks(database, batches.settled(), clock, Duration.ofDays(60));

    @BeforeEach
    void noWeekButTheFirst() {
        run("""
                do $$ declare week text; begin
                    for week in select name from usage_partition where begins is not null loop
                        execute format('drop table %I', week);
                    end loop;
                end $$""");
        run("truncate usage, usage_reversal, receipt_commit, lease, instance cascade");
        batches.removeAll();
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
        batches.add("FINAL", new Run(5, 0, 2));
        clock.advance(Duration.ofDays(64));
        assertThat(weeks.dropOld()).as("not old enough").doesNotContain("usage_2031w10");
        clock.advance(Duration.ofDays(1));
        assertThat(weeks.dropOld()).containsExactly("usage_2031w10");
        assertThat(number("select count(*) from usage")).isEqualTo(1);
        assertThat(number("select count(*) from receipt_commit")).as("commits go with their calls").isEqualTo(1);
    }

    @Test
    void aWeekStaysWhileOneOfItsCallsIsInNoBatch() {
        usage(0, "2031-03-04T00:00:00Z");
        usage(1, "2031-03-05T00:00:00Z");
        usage(2, "2031-03-06T00:00:00Z");
        batches.add("FINAL", new Run(5, 0, 1));
        batches.add("FINAL", new Run(5, 2, 1));
        assertStays(3);
        batches.add("FINAL", new Run(5, 1, 1));
        assertGoes();
    }

    @ParameterizedTest
    @ValueSource(strings = { "BUILT", "SENT", "MINED", "RELEASED", "VOIDED" })
    void aWeekStaysWhileOneOfItsCallsIsInABatchThatIsNotFinal(String state) {
        usage(0, "2031-03-04T00:00:00Z");
        usage(1, "2031-03-05T00:00:00Z");
        batches.add("FINAL", new Run(5, 0, 1));
        batches.add(state, new Run(5, 1, 1));
        assertStays(2);
    }

    @Test
    void whatIsFinalOfOtherWeeksAndLeasesDoesNotMakeUpForACall() {
        run("insert into lease (id, line, instance, granted, state, opened_at) values (6, 1, 1, 9, 'OPEN', now())");
        usage(0, "2031-02-26T00:00:00Z");
        usage(1, "2031-03-04T00:00:00Z");
        usage(2, "2031-03-12T00:00:00Z");
        usage(6, 1, "2031-03-12T00:00:00Z");
        batches.add("FINAL", new Run(5, 0, 1), new Run(5, 2, 1), new Run(6, 1, 1));
        assertStays(3);
    }

    @Test
    void ofALeaseThatSpansTheWeeksEndOnlyTheWeeksOwnCallsCount() {
        usage(0, "2031-03-09T00:00:00Z");
        usage(1, "2031-03-09T23:59:59.999999Z");
        usage(2, "2031-03-10T00:00:00Z");
        usage(3, "2031-03-11T00:00:00Z");
        usage(4, "2031-03-12T00:00:00Z");
        batches.add("FINAL", new Run(5, 1, 3));
        assertStays(5);
        batches.add("FINAL", new Run(5, 0, 1));
        assertGoes();
        assertThat(number("select count(*) from usage_2031w11")).as("the last of them is in no batch").isEqualTo(3);
        batches.add("FINAL", new Run(5, 4, 1));
        assertThat(weeks.dropOld()).containsExactly("usage_2031w11");
    }

    @Test
    void aReversedCallDoesNotKeepItsWeekAndGoesWithIt() {
        usage(0, "2031-03-04T00:00:00Z");
        reverse(0);
        assertGoes();
        assertThat(number("select count(*) from usage_reversal")).isZero();
    }

    @Test
    void aReversedCallStandsForNoneOfItsNeighbours() {
        for (int seq = 0; seq < 4; seq++) {
            usage(seq, "2031-03-04T00:00:00Z");
        }
        reverse(1);
        batches.add("FINAL", new Run(5, 0, 1), new Run(5, 3, 1));
        assertStays(4);
        assertThat(number("select count(*) from usage_reversal")).isEqualTo(1);
        batches.add("FINAL", new Run(5, 2, 1));
        assertGoes();
    }

    @Test
    void aRetentionFromWhichABatchCouldNotBePostedAgainIsRefused() {
        assertThatThrownBy(() -> new UsageWeeks(database, Settled.NOTHING, clock, Duration.ofDays(3)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("at least 30d");
    }

    /** @param usages of that week and of those after it */
    private void assertStays(int usages) {
        clock.advance(Duration.ofDays(70));
        assertThat(weeks.dropOld()).doesNotContain("usage_2031w10");
        assertThat(number("select count(*) from usage where charged_at >= '2031-03-03'")).isEqualTo(usages);
    }

    private void assertGoes() {
        clock.advance(Duration.ofDays(70));
        assertThat(weeks.dropOld()).contains("usage_2031w10");
        assertThat(number("select count(*) from usage where charged_at < '2031-03-10'")).isZero();
    }

    private void usage(int seq, String at) {
        usage(5, seq, at);
    }

    private void usage(long lease, int seq, String at) {
        long commit = 100 * lease + seq;
        run("insert into receipt_commit values (%d, '', 1, '', '', '%s')".formatted(commit, at));
        run("""
                insert into usage select gen_random_uuid(), %d, 0, 1, %d, %d, 1, 1, 1, 1, 1, 1, 1, 1, 'COMPLETE', false, '%s', '%s',
                    '', '', '', '', ''"""
                .formatted(commit, lease, seq, at, at));
    }

    private void reverse(int seq) {
        run("insert into usage_reversal (receipt, commit_id, reversed_at, account, charged_at)"
                + " select receipt, commit_id, charged_at, account, charged_at from usage where seq = " + seq);
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
