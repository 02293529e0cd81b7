package farthing.metering;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

import javax.sql.DataSource;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import org.jboss.logging.Logger;

import farthing.catalog.Activity;
import farthing.catalog.Durations;
import farthing.catalog.VersionId;
import farthing.web.Problem;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.scheduler.Scheduled;

/**
 * Counts how calls went. A call adds to memory; what was counted is added to the database every few seconds and at the stop,
 * so that no call waits for it. A server that is killed loses some seconds of it, and no money depends on it.
 */
@Singleton
public class CallStatistics implements Activity {

    private static final Logger LOG = Logger.getLogger(CallStatistics.class);

    private record Key(VersionId version, LocalDate day) {
    }

    /** Only touched inside the map's own lock of its key. */
    private static final class Counted {
        long answered;
        long failed;
        final Durations latency = new Durations();
        final Durations firstToken = new Durations();

        Counted add(Counted other) {
            answered += other.answered;
            failed += other.failed;
            latency.add(other.latency);
            firstToken.add(other.firstToken);
            return this;
        }
    }

    private final Database database;
    private final Clock clock;
    private final Map<Key, Counted> waiting = new ConcurrentHashMap<>();

    CallStatistics(DataSource source, Clock clock) {
        this.database = new Database(source);
        this.clock = clock;
    }

    /** One call from its beginning to its end. Ends once, or never: a call that is refused or abandoned counts nowhere. */
    public final class Watch {

        private final VersionId version;
        // Not the clock, which may be set while a call runs.
        private final long began = System.nanoTime();
        private long firstToken;

        private Watch(VersionId version) {
            this.version = version;
        }

        /** Text is there; only the first time counts. */
        public void token() {
            if (firstToken == 0) {
                firstToken = System.nanoTime();
            }
        }

        public void answered() {
            long micros = (System.nanoTime() - began) / 1_000;
            count(counted -> {
                counted.answered++;
                counted.latency.add(micros);
                if (firstToken != 0) {
                    counted.firstToken.add((firstToken - began) / 1_000);
                }
            });
        }

        /** Counts as failed unless it was the caller who did something wrong. */
        public void broke(Throwable why) {
            if (!(why instanceof Problem problem) || problem.status() >= 500) {
                count(counted -> counted.failed++);
            }
        }

        private void count(Consumer<Counted> change) {
            waiting.compute(new Key(version, today()), (key, counted) -> {
                Counted now = counted == null ? new Counted() : counted;
                change.accept(now);
                return now;
            });
        }
    }

    public Watch watch(VersionId version) {
        return new Watch(version);
    }

    private LocalDate today() {
        return LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
    }

    @Scheduled(every = "5s", delayed = "5s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    void write() {
        // The same order on every server, so that two never wait for each other.
        Map<Key, Counted> taken = new TreeMap<>(Comparator.comparing((Key key) -> key.version.value()).thenComparing(Key::day));
        for (Key key : waiting.keySet()) {
            Counted counted = waiting.remove(key);
            if (counted != null) {
                taken.put(key, counted);
            }
        }
        if (taken.isEmpty()) {
            return;
        }
        try {
            database.inTransaction(connection -> {
                add(connection, taken);
                return true;
            });
        } catch (Database.Failed e) {
            LOG.warnf("the statistics of %d versions and days wait until the database answers: %s", taken.size(),
                    e.getMessage());
            taken.forEach((key, counted) -> waiting.merge(key, counted, Counted::add));
        } catch (Database.OutcomeUnknown e) {
            // Written twice they would be wrong for good, written never they lack some seconds.
            LOG.warnf("the statistics of %d versions and days may be lost: %s", taken.size(), e.getMessage());
        }
    }

    private void add(Connection connection, Map<Key, Counted> taken) throws SQLException {
        try (PreparedStatement upsert = connection.prepareStatement("""
                insert into activity as a (version, day, answered, failed, latency, first_token, touched_at)
                values (?, ?, ?, ?, ?, ?, ?)
                on conflict (version, day) do update set answered = a.answered + excluded.answered,
                    failed = a.failed + excluded.failed, latency = added(a.latency, excluded.latency),
                    first_token = added(a.first_token, excluded.first_token),
                    touched_at = greatest(a.touched_at, excluded.touched_at)""")) {
            Timestamp now = Timestamp.from(clock.instant());
            for (Map.Entry<Key, Counted> each : taken.entrySet()) {
                Counted counted = each.getValue();
                upsert.setInt(1, each.getKey().version.value());
                upsert.setObject(2, each.getKey().day);
                upsert.setLong(3, counted.answered);
                upsert.setLong(4, counted.failed);
                upsert.setArray(5, connection.createArrayOf("integer", counted.latency.counts()));
                upsert.setArray(6, connection.createArrayOf("integer", counted.firstToken.counts()));
                upsert.setTimestamp(7, now);
                upsert.addBatch();
            }
            upsert.executeBatch();
        }
    }

    void stop(@Observes ShutdownEvent event) {
        write();
    }

    @Override
    public List<Day> of(Collection<VersionId> versions, LocalDate from) {
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement("""
                    select version, day, answered, failed, latency, first_token from activity
                    where version = any (?) and day >= ? order by day, version""")) {
                select.setArray(1,
                        connection.createArrayOf("integer", versions.stream().map(VersionId::value).toArray(Integer[]::new)));
                select.setObject(2, from);
                List<Day> days = new ArrayList<>();
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        days.add(new Day(new VersionId(row.getInt(1)), row.getObject(2, LocalDate.class), row.getLong(3),
                                row.getLong(4), durations(row, 5), durations(row, 6)));
                    }
                }
                return days;
            }
        });
    }

    private static Durations durations(ResultSet row, int column) throws SQLException {
        return Durations.of((Integer[]) row.getArray(column).getArray());
    }

    @Override
    public List<VersionId> activeSince(Instant moment) {
        return database.read(connection -> {
            try (PreparedStatement select = connection
                    .prepareStatement("select distinct version from activity where touched_at >= ?")) {
                select.setTimestamp(1, Timestamp.from(moment));
                List<VersionId> versions = new ArrayList<>();
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        versions.add(new VersionId(row.getInt(1)));
                    }
                }
                return versions;
            }
        });
    }
}
