package farthing.web;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.function.LongSupplier;

import javax.sql.DataSource;

import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;

import org.jboss.logging.Logger;

import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled;

/**
 * The one clock of all servers of a market: which price is in force, on which day a budget is spent and when a call was charged
 * must not depend on the server that a call happens to meet. It is the server's own where that agrees with the database's, and
 * the database's where not. Both are asked once a second; in between the time goes on by the monotonic clock, which nobody
 * sets.
 */
@Singleton
class SharedTime {

    private static final Logger LOG = Logger.getLogger(SharedTime.class);

    /** What is less may be the way to the database. */
    private static final Duration UNNOTICED = Duration.ofSeconds(1);
    /** What is more is no way to the database: whoever runs the server should know. */
    private static final Duration FAR_OFF = Duration.ofSeconds(10);

    private final DataSource database;
    private final Clock own;
    private final LongSupplier nanos;
    private volatile Known known;
    private boolean farOff;
    private boolean away;

    /** @param nanos of the monotonic clock at that moment */
    private record Known(Instant moment, long nanos) {
    }

    @Inject
    SharedTime(DataSource database) {
        this(database, Clock.systemUTC(), System::nanoTime);
    }

    SharedTime(DataSource database, Clock own, LongSupplier nanos) {
        this.database = database;
        this.own = own;
        this.nanos = nanos;
        this.known = new Known(own.instant(), nanos.getAsLong());
    }

    @Produces
    @Singleton
    Clock clock() {
        InstantSource now = () -> {
            Known last = known;
            return last.moment.plusNanos(nanos.getAsLong() - last.nanos);
        };
        return now.withZone(ZoneOffset.UTC);
    }

    /** Before whatever else asks for the time at the start. */
    void start(@Observes @Priority(1) StartupEvent event) {
        tick();
    }

    @Scheduled(every = "1s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    void tick() {
        try {
            look();
            away = false;
        } catch (SQLException e) {
            if (!away) {
                LOG.warnf("the database's clock cannot be asked; time goes on from what it last was: %s", e.getMessage());
            }
            away = true;
        }
    }

    void look() throws SQLException {
        try (Connection connection = database.getConnection();
                PreparedStatement query = connection.prepareStatement("select clock_timestamp()")) {
            Instant before = own.instant();
            Instant theirs;
            try (ResultSet row = query.executeQuery()) {
                row.next();
                theirs = row.getObject(1, OffsetDateTime.class).toInstant();
            }
            Instant after = own.instant();
            Duration wrong = skew(before, theirs, after);
            known = new Known(after.plus(wrong), nanos.getAsLong());
            tell(wrong);
        }
    }

    /**
     * What the database's clock is ahead of ours for certain. A slow answer leaves more unnoticed: whatever lies between our
     * question and its end may be right.
     */
    static Duration skew(Instant before, Instant theirs, Instant after) {
        if (theirs.plus(UNNOTICED).isBefore(before)) {
            return Duration.between(before, theirs);
        }
        return theirs.minus(UNNOTICED).isAfter(after) ? Duration.between(after, theirs) : Duration.ZERO;
    }

    private void tell(Duration wrong) {
        boolean now = wrong.abs().compareTo(FAR_OFF) > 0;
        if (now && !farOff) {
            LOG.warnf("this server's clock differs by %s from the database's; one of them has to be set", wrong.negated());
        }
        farOff = now;
    }
}
