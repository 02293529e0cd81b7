package farthing.metering;

import java.sql.Connection;
import java.sql.Date;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Clock;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.TemporalAdjusters;
import java.util.ArrayList;
import java.util.List;

import javax.sql.DataSource;

import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;

import org.jboss.logging.Logger;

import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled;

/** Keeps a table for the usages of each week: makes those to come, and drops those that are old, final and published. */
@Singleton
class UsageWeeks {

    private static final Logger LOG = Logger.getLogger(UsageWeeks.class);

    private static final int WEEKS_AHEAD = 3;
    /** Below this a batch could still be voided and posted again from the usages. */
    private static final Duration LEAST_RETENTION = Duration.ofDays(30);

    private final Database database;
    private final Settled settled;
    private final Clock clock;
    private final Duration retention;

    @Inject
    UsageWeeks(DataSource source, Settled settled, Clock clock, UsageConfig config) {
        this(new Database(source), settled, clock, config.retention());
    }

    UsageWeeks(Database database, Settled settled, Clock clock, Duration retention) {
        if (retention.compareTo(LEAST_RETENTION) < 0) {
            throw new IllegalArgumentException("FARTHING_USAGE_RETENTION is " + retention + " and must be at least "
                    + LEAST_RETENTION.toDays() + "d, since batches may have to be posted again from the calls.");
        }
        this.database = database;
        this.settled = settled;
        this.clock = clock;
        this.retention = retention;
    }

    void start(@Observes @Priority(100) StartupEvent event) {
        prepare();
    }

    @Scheduled(every = "1h", delayed = "10m", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    void keep() {
        prepare();
        dropOld();
    }

    /** Makes the tables of this week and the next ones, where they are not there yet. */
    void prepare() {
        LocalDate monday = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC)
                .with(TemporalAdjusters.previousOrSame(DayOfWeek.MONDAY));
        for (int week = 0; week <= WEEKS_AHEAD; week++) {
            LocalDate begins = monday.plusWeeks(week);
            try {
                database.inTransaction(connection -> make(connection, begins));
            } catch (Database.Failed | Database.OutcomeUnknown e) {
                // There are weeks in reserve, and without its table a week's calls are kept all the same.
                LOG.warnf("no table for the usages of the week of %s yet: %s", begins, e.getMessage());
            }
        }
    }

    private static boolean make(Connection connection, LocalDate monday) throws SQLException {
        if (alone(connection)) {
            waitNotLong(connection);
            try (PreparedStatement make = connection.prepareStatement("select usage_week(?)")) {
                make.setDate(1, Date.valueOf(monday));
                make.executeQuery().close();
            }
        }
        return true;
    }

    /** For the lock of a table that everybody uses: whoever waits for it makes all who come later wait, too. */
    private static void waitNotLong(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("set local lock_timeout = '500ms'");
        }
    }

    /** Drops what may go, the oldest first. @return the names of the tables that are gone */
    List<String> dropOld() {
        List<String> dropped = new ArrayList<>();
        for (Week week : olderThan(clock.instant().minus(retention))) {
            boolean gone;
            try {
                gone = database.inTransaction(connection -> alone(connection) && drop(connection, week));
            } catch (Database.Failed | Database.OutcomeUnknown e) {
                // A lock was not to be had at once, and calls come first.
                LOG.warnf("the usages of %s are not dropped now: %s", week.name, e.getMessage());
                gone = false;
            }
            if (gone) {
                LOG.infof("the usages of %s, until %s, are final and published, and gone now", week.name, week.ends);
                dropped.add(week.name);
            }
        }
        return dropped;
    }

    private record Week(String name, Instant begins, Instant ends) {
    }

    private List<Week> olderThan(Instant then) {
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement("""
                    select name, coalesce(begins, '-infinity'), ends from usage_partition where ends <= ? order by ends""")) {
                select.setTimestamp(1, Timestamp.from(then));
                List<Week> weeks = new ArrayList<>();
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        weeks.add(new Week(row.getString(1), row.getTimestamp(2).toInstant(), row.getTimestamp(3).toInstant()));
                    }
                }
                return weeks;
            }
        });
    }

    private boolean drop(Connection connection, Week week) throws SQLException {
        List<Settled.Stretch> stretches = standing(connection, week);
        long calls = stretches.stream().mapToLong(Settled.Stretch::calls).sum();
        long ended = settled.inFinalBatches(connection, stretches);
        if (calls != ended) {
            LOG.warnf("the usages of %s stay: %d of its calls stand and %d are in final batches", week.name, calls, ended);
            return false;
        }
        run(connection, "delete from usage_reversal where charged_at >= ? and charged_at < ?", week);
        run(connection, "delete from receipt_commit where committed_at >= ? and committed_at < ?", week);
        waitNotLong(connection);
        try (Statement statement = connection.createStatement()) {
            statement.execute("drop table \"" + week.name + "\"");
        }
        return true;
    }

    private static List<Settled.Stretch> standing(Connection connection, Week week) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("""
                select lease, min(seq), max(seq), count(*) from (
                    select u.lease, u.seq, u.seq - row_number() over (partition by u.lease order by u.seq) as run from "%s" u
                    where not exists (select 1 from usage_reversal r where r.receipt = u.receipt)) standing
                group by lease, run"""
                .formatted(week.name)); ResultSet row = select.executeQuery()) {
            List<Settled.Stretch> stretches = new ArrayList<>();
            while (row.next()) {
                stretches.add(new Settled.Stretch(row.getLong(1), row.getInt(2), row.getInt(3), row.getLong(4)));
            }
            return stretches;
        }
    }

    private static void run(Connection connection, String delete, Week week) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(delete)) {
            statement.setTimestamp(1, Timestamp.from(week.begins));
            statement.setTimestamp(2, Timestamp.from(week.ends));
            statement.executeUpdate();
        }
    }

    private static boolean alone(Connection connection) throws SQLException {
        try (PreparedStatement lock = connection.prepareStatement("select pg_try_advisory_xact_lock(hashtext('usage_week'))");
                ResultSet row = lock.executeQuery()) {
            row.next();
            return row.getBoolean(1);
        }
    }
}
