package farthing.metering;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;

import javax.sql.DataSource;

import org.junit.jupiter.api.Test;

import farthing.TestClock;
import farthing.TestDatabase;
import farthing.catalog.Activity;
import farthing.catalog.VersionId;

class CallStatisticsTest {

    private static final Instant LATE = Instant.parse("2026-03-01T23:59:58Z");
    private static final LocalDate DAY = LocalDate.of(2026, 3, 1);

    private final DataSource database = TestDatabase.separate("statistics");
    private final TestClock clock = new TestClock(LATE);

    @Test
    void whatTwoServersCountedAddsUpByDay() {
        CallStatistics one = new CallStatistics(database, clock);
        CallStatistics other = new CallStatistics(database, clock);
        VersionId version = new VersionId(1);

        answer(one, version);
        answer(other, version);
        answer(other, version);
        one.write();
        other.write();
        clock.advance(Duration.ofSeconds(5));
        answer(one, version);
        one.watch(version).broke(new IllegalStateException("the engine died"));
        one.write();
        one.write();

        List<Activity.Day> days = other.of(List.of(version), DAY);
        assertThat(days).extracting(Activity.Day::day).containsExactly(DAY, DAY.plusDays(1));
        assertThat(days).extracting(Activity.Day::answered).containsExactly(3L, 1L);
        assertThat(days).extracting(Activity.Day::failed).containsExactly(0L, 1L);
        assertThat(days).extracting(day -> day.latency().count()).containsExactly(3L, 1L);
        assertThat(days).extracting(day -> day.firstToken().count()).containsExactly(3L, 1L);
        assertThat(other.of(List.of(version), DAY.plusDays(1))).hasSize(1);
        assertThat(other.activeSince(LATE.plusSeconds(1))).containsExactly(version);
        assertThat(other.activeSince(LATE.plusSeconds(60))).isEmpty();
    }

    @Test
    void theCallersOwnMistakesAndCallsThatEndWithoutAWordCountNowhere() {
        CallStatistics statistics = new CallStatistics(database, clock);
        VersionId version = new VersionId(2);

        var _ = statistics.watch(version);
        statistics.watch(version).broke(new IdempotencyMismatch());
        statistics.write();
        assertThat(statistics.of(List.of(version), DAY)).isEmpty();

        statistics.watch(version).broke(NotCharged.failed());
        statistics.write();
        assertThat(statistics.of(List.of(version), DAY)).extracting(Activity.Day::failed).containsExactly(1L);
    }

    @Test
    void callsThatNothingIsGeneratedForHaveNoFirstToken() {
        CallStatistics statistics = new CallStatistics(database, clock);
        VersionId version = new VersionId(3);

        statistics.watch(version).answered();
        statistics.write();
        Activity.Day day = statistics.of(List.of(version), DAY).getFirst();

        assertThat(day.latency().count()).isEqualTo(1);
        assertThat(day.firstToken().count()).isZero();
    }

    private static void answer(CallStatistics statistics, VersionId version) {
        CallStatistics.Watch watch = statistics.watch(version);
        watch.token();
        watch.token();
        watch.answered();
    }
}
