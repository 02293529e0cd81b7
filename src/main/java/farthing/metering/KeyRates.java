package farthing.metering;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.ToLongFunction;

import javax.sql.DataSource;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;

import org.jboss.logging.Logger;

import farthing.identity.ApiKeyId;
import farthing.identity.Caller;
import farthing.identity.RateLimits;
import io.github.bucket4j.TimeMeter;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.scheduler.Scheduled;

/**
 * Limits of a minute and of now, for keys that have any, over all servers. Each server counts in memory against the part of a
 * limit that is set aside for it. Once a second the servers tell each other through one table what they have used and set
 * aside,
 * one after the other; a call that needs more than is set aside waits for that to happen at once. So nothing is ever used
 * twice,
 * and no call asks the database while its server's part lasts (docs/adr/0009).
 */
@Singleton
public class KeyRates {

    private static final Logger LOG = Logger.getLogger(KeyRates.class);
    /** Which of the database's advisory locks is that of the telling. */
    private static final long LOCK = 0x6b65795f757365L;
    private static final Duration PATIENCE = Duration.ofSeconds(2);
    private static final int TIDIED_EVERY = 60;
    private static final int MOST_ASKED = 5;

    private final Database database;
    private final TimeMeter time;
    private final Map<ApiKeyId, KeyRate> rates = new ConcurrentHashMap<>();
    private final Set<KeyRate> asking = ConcurrentHashMap.newKeySet();
    private final ReentrantLock turn = new ReentrantLock();
    private int untilTidied;

    @Inject
    KeyRates(DataSource source) {
        this(source, TimeMeter.SYSTEM_NANOTIME);
    }

    KeyRates(DataSource source, TimeMeter time) {
        this.database = new Database(source);
        this.time = time;
    }

    /**
     * For one call, whose answer's headers say what is left. Close it when the call has ended, however it did.
     *
     * @param header takes a name and a value
     */
    public Passage of(Caller caller, BiConsumer<String, String> header) {
        RateLimits limits = caller.limits().rates();
        if (!limits.any()) {
            return Passage.FREE;
        }
        KeyRate rate = rates.compute(caller.key(), (key, known) -> (known == null ? new KeyRate(key, limits, time) : known)
                .enter(limits));
        return new Passage(this, rate, header);
    }

    void request(KeyRate rate) {
        if (!taken(rate, rate.requests(), 1)) {
            throw rate.read(now -> RateLimitReached.requests(now.requests().limit, now.requests().until(1)));
        }
    }

    void tokens(KeyRate rate, long wanted) {
        if (wanted > rate.tokens().limit) {
            throw RateLimitReached.tooLarge(rate.tokens().limit, wanted);
        }
        if (!taken(rate, rate.tokens(), wanted)) {
            throw rate.read(now -> RateLimitReached.tokens(now.tokens().limit, wanted, now.tokens().left(),
                    now.tokens().until(wanted)));
        }
    }

    void stream(KeyRate rate) {
        if (!taken(rate, rate.streams(), 1)) {
            throw RateLimitReached.streams(rate.streams().limit);
        }
    }

    private boolean taken(KeyRate rate, Measure measure, long amount) {
        KeyRate.Outcome outcome = rate.take(measure, amount, false);
        // What was set aside for one call another may have taken meanwhile.
        for (int asked = 0; outcome == KeyRate.Outcome.UNSURE && asked < MOST_ASKED; asked++) {
            hear(rate);
            outcome = rate.take(measure, amount, true);
        }
        return outcome == KeyRate.Outcome.TAKEN;
    }

    /** Hears the others now; of many who want that one does it for all. */
    private void hear(KeyRate rate) {
        asking.add(rate);
        try {
            if (!turn.tryLock(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new RatesUnavailable();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RatesUnavailable();
        }
        try {
            if (asking.contains(rate)) {
                List<KeyRate> all = List.copyOf(asking);
                all.forEach(asking::remove);
                exchange(all);
            }
        } finally {
            turn.unlock();
        }
        if (!rate.isHeard()) {
            throw new RatesUnavailable();
        }
    }

    /** Every key that is in use tells and hears; the others are forgotten. */
    @Scheduled(every = "1s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    void tell() {
        List<KeyRate> gone = new ArrayList<>();
        rates.keySet().forEach(key -> rates.computeIfPresent(key, (k, rate) -> {
            if (rate.isIdle()) {
                gone.add(rate);
                return null;
            }
            return rate;
        }));
        turn.lock();
        try {
            exchange(List.copyOf(rates.values()));
            if (!gone.isEmpty()) {
                database.inTransaction(connection -> update(connection, "delete from key_use where holder = any (?)", gone));
            }
            if (--untilTidied <= 0) {
                untilTidied = TIDIED_EVERY;
                database.inTransaction(KeyRates::tidy);
            }
        } catch (Database.Failed | Database.OutcomeUnknown e) {
            LOG.debugf("old accounts of keys were not removed: %s", e.getMessage());
        } finally {
            turn.unlock();
        }
    }

    /** Others need not wait until this server is silent for long, nor whichever comes after it. */
    void stop(@Observes ShutdownEvent event) {
        List<KeyRate> all = List.copyOf(rates.values());
        if (all.isEmpty()) {
            return;
        }
        turn.lock();
        try {
            exchange(all);
            all.forEach(KeyRate::unheard);
            database.inTransaction(connection -> update(connection, "update key_use set streams = 0, requests_aside = 0,"
                    + " tokens_aside = 0, streams_aside = 0 where holder = any (?)", all));
        } catch (Database.Failed | Database.OutcomeUnknown e) {
            LOG.debugf("what was set aside was not given back: %s", e.getMessage());
        } finally {
            turn.unlock();
        }
    }

    private void exchange(List<KeyRate> told) {
        if (told.isEmpty()) {
            return;
        }
        long begun = time.currentTimeNanos();
        try {
            database.inTransaction(connection -> {
                lock(connection);
                Map<Long, List<KeyRate.Account>> said = accounts(connection, told);
                write(connection, told, told.stream()
                        .map(rate -> rate.hear(said.getOrDefault(rate.key.value(), List.of()))).toList());
                return true;
            });
            told.forEach(rate -> rate.heard(begun));
        } catch (Database.Failed | Database.OutcomeUnknown e) {
            told.forEach(KeyRate::unheard);
            LOG.warnf("limits of %d keys could not be told to other servers: %s", told.size(), e.getMessage());
        }
    }

    private static void lock(Connection connection) throws SQLException {
        try (PreparedStatement lock = connection.prepareStatement("select pg_advisory_xact_lock(?)")) {
            lock.setLong(1, LOCK);
            lock.execute();
        }
    }

    private static Map<Long, List<KeyRate.Account>> accounts(Connection connection, List<KeyRate> rates) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("""
                select api_key, holder, requests, tokens, streams, requests_aside, tokens_aside, streams_aside, requests_left,
                    tokens_left, (extract(epoch from clock_timestamp() - at) * 1000)::bigint
                from key_use where api_key = any (?) and at > clock_timestamp() - interval '10 minutes'""")) {
            select.setArray(1, connection.createArrayOf("bigint", rates.stream().map(rate -> rate.key.value()).toArray()));
            Map<Long, List<KeyRate.Account>> accounts = new HashMap<>();
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    accounts.computeIfAbsent(row.getLong(1), key -> new ArrayList<>())
                            .add(new KeyRate.Account(row.getLong(2), row.getLong(3), row.getLong(4), row.getLong(5),
                                    row.getLong(6), row.getLong(7), row.getLong(8), row.getLong(9), row.getLong(10),
                                    Duration.ofMillis(Math.max(0, row.getLong(11)))));
                }
            }
            return accounts;
        }
    }

    private static void write(Connection connection, List<KeyRate> rates, List<KeyRate.Account> accounts) throws SQLException {
        try (PreparedStatement upsert = connection.prepareStatement("""
                insert into key_use (api_key, holder, requests, tokens, streams, requests_aside, tokens_aside, streams_aside,
                    requests_left, tokens_left) select * from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                on conflict (api_key, holder) do update set requests = excluded.requests, tokens = excluded.tokens,
                    streams = excluded.streams, requests_aside = excluded.requests_aside, tokens_aside = excluded.tokens_aside,
                    streams_aside = excluded.streams_aside, requests_left = excluded.requests_left,
                    tokens_left = excluded.tokens_left, at = clock_timestamp()""")) {
            upsert.setArray(1, connection.createArrayOf("bigint", rates.stream().map(rate -> rate.key.value()).toArray()));
            List<ToLongFunction<KeyRate.Account>> columns = List.of(KeyRate.Account::holder, KeyRate.Account::requests,
                    KeyRate.Account::tokens, KeyRate.Account::streams, KeyRate.Account::requestsAside,
                    KeyRate.Account::tokensAside, KeyRate.Account::streamsAside, KeyRate.Account::requestsLeft,
                    KeyRate.Account::tokensLeft);
            for (int i = 0; i < columns.size(); i++) {
                upsert.setArray(i + 2, connection.createArrayOf("bigint",
                        accounts.stream().mapToLong(columns.get(i)).boxed().toArray()));
            }
            upsert.executeUpdate();
        }
    }

    private static int update(Connection connection, String sql, List<KeyRate> rates) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement(sql)) {
            update.setArray(1, connection.createArrayOf("bigint", rates.stream().map(KeyRate::holder).toArray()));
            return update.executeUpdate();
        }
    }

    private static int tidy(Connection connection) throws SQLException {
        try (PreparedStatement delete = connection
                .prepareStatement("delete from key_use where at < clock_timestamp() - interval '10 minutes'")) {
            return delete.executeUpdate();
        }
    }
}
