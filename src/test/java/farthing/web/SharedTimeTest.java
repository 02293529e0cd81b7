package farthing.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.ds.PGSimpleDataSource;

import farthing.Ports;
import farthing.TestDatabase;

class SharedTimeTest {

    private static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");

    @ParameterizedTest
    @CsvSource({ "-PT1H", "PT1H", "P-400D", "PT2M" })
    void aWrongClockIsPutRightByTheDatabases(Duration wrong) throws SQLException {
        SharedTime time = new SharedTime(TestDatabase.migrated(), Clock.offset(Clock.systemUTC(), wrong),
                System::nanoTime);
        Clock shared = time.clock();
        time.look();

        Instant now = Clock.systemUTC().instant();
        assertThat(shared.instant()).as("but for what a slow answer may hide").isBetween(now.minusSeconds(60),
                now.plusSeconds(60));
    }

    @Test
    void aClockThatJumpsMovesNothing() throws SQLException {
        AtomicReference<Duration> jump = new AtomicReference<>(Duration.ZERO);
        InstantSource own = () -> Instant.now().plus(jump.get());
        AtomicLong nanos = new AtomicLong();
        SharedTime time = new SharedTime(TestDatabase.migrated(), own.withZone(ZoneOffset.UTC), nanos::get);
        time.look();
        Instant then = time.clock().instant();

        jump.set(Duration.ofHours(2));
        nanos.addAndGet(700_000_000);
        assertThat(time.clock().instant()).isEqualTo(then.plusMillis(700));

        time.look();
        assertThat(time.clock().instant()).as("still the database's").isBefore(then.plusSeconds(60));
    }

    @ParameterizedTest
    @CsvSource({ "0, PT0.4S, 1, PT0S", "0, PT-0.9S, 0, PT0S", "0, PT1.9S, 1, PT0S", "0, PT2.5S, 1, PT1.5S",
            "0, PT-1.5S, 9, PT-1.5S", "0, PT30S, 60, PT0S", "0, PT1H, 0, PT1H" })
    void whatTheWayToTheDatabaseMayExplainIsNoDifference(int before, Duration theirs, int after, Duration skew) {
        assertThat(SharedTime.skew(NOON.plusSeconds(before), NOON.plus(theirs), NOON.plusSeconds(after))).isEqualTo(skew);
    }

    @Test
    void whileTheDatabaseIsAwayTimeGoesOn() throws SQLException {
        PGSimpleDataSource database = (PGSimpleDataSource) TestDatabase.migrated();
        SharedTime time = new SharedTime(database, Clock.offset(Clock.systemUTC(), Duration.ofHours(1)),
                System::nanoTime);
        time.look();
        try (var nobody = Ports.refusing()) {
            database.setUrl("jdbc:postgresql://127.0.0.1:" + nobody.port() + "/away");
            assertThatThrownBy(time::look).isInstanceOf(SQLException.class);
            time.tick();
        }
        assertThat(time.clock().instant()).isBefore(Clock.systemUTC().instant().plusSeconds(60));
    }
}
