package farthing.identity;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

import javax.sql.DataSource;

import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.TransactionPhase;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;

import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;

import farthing.ledger.LineId;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.scheduler.Scheduled;

/**
 * The keys that calls have brought, by the hash of the secret, so that no call asks the database for its key. Once a second it
 * is asked which keys have changed; what is remembered is believed for two seconds after that, and no longer. Which changes are
 * new the database's clock decides alone.
 */
@Singleton
class KeyCache {

    private static final Logger LOG = Logger.getLogger(KeyCache.class);

    private static final Duration BELIEVED = Duration.ofSeconds(2);
    /** Longer than any transaction that changes a key; what is forgotten twice is only read once more. */
    private static final String OVERLAP = "interval '2 minutes'";
    /** After a longer silence a change may lie before what the next look finds. */
    private static final Duration COMPLETE = Duration.ofSeconds(5);
    private static final Duration TIDIED_EVERY = Duration.ofMinutes(10);
    /** "Last used" need not be exact, and a write per call would be felt. */
    private static final Duration LAST_USED_PRECISION = Duration.ofMinutes(1);

    /** One secret's key as it stands in the database. */
    static final class Known {

        final ApiKeyId id;
        final AccountId account;
        final LineId line;
        final KeyLimits limits;
        final @Nullable Instant expiresAt;
        final @Nullable Instant revokedAt;
        final @Nullable Instant replacedAt;
        final @Nullable Instant deactivatedAt;
        final @Nullable String deactivatedBecause;
        private volatile Instant lastUsed;

        private Known(ResultSet row) throws SQLException {
            id = new ApiKeyId(row.getLong("id"));
            account = new AccountId(row.getLong("account"));
            line = new LineId(row.getInt("line"));
            limits = limits(row);
            expiresAt = instant(row, "expires_at");
            revokedAt = instant(row, "revoked_at");
            replacedAt = instant(row, "ends_at");
            deactivatedAt = instant(row, "deactivated_at");
            deactivatedBecause = row.getString("deactivated_because");
            lastUsed = Optional.ofNullable(instant(row, "last_used_at")).orElse(Instant.MIN);
        }
    }

    private final DataSource database;
    private final LongSupplier nanos;
    private final Cache<Fingerprint, Known> known = Caffeine.newBuilder().maximumSize(100_000)
            .expireAfterWrite(Duration.ofMinutes(10)).build();
    private final Map<ApiKeyId, Instant> used = new ConcurrentHashMap<>();
    /** When the last look was begun. */
    private volatile @Nullable Long last;
    private volatile @Nullable Long tidied;

    @Inject
    KeyCache(DataSource database) {
        this(database, System::nanoTime);
    }

    KeyCache(DataSource database, LongSupplier nanos) {
        this.database = database;
        this.nanos = nanos;
    }

    /** From memory alone. */
    @Nullable
    Known remembered(Fingerprint secret) {
        return isBelieved() ? known.getIfPresent(secret) : null;
    }

    /**
     * From the database; null: there is no such key.
     *
     * @throws KeysUnavailable when the database cannot be asked
     */
    @Nullable
    Known read(Fingerprint secret) {
        try (Connection connection = database.getConnection();
                PreparedStatement query = connection.prepareStatement("""
                        select k.*, s.ends_at, a.deactivated_at, a.deactivated_because from api_key_secret s
                        join api_key k on k.id = s.api_key join account a on a.id = k.account where s.hash = ?""")) {
            query.setBytes(1, secret.bytes());
            try (ResultSet row = query.executeQuery()) {
                if (!row.next()) {
                    return null;
                }
                Known found = new Known(row);
                if (isBelieved()) {
                    known.put(secret, found);
                }
                return found;
            }
        } catch (SQLException e) {
            throw new KeysUnavailable(e);
        }
    }

    /** Written down by and by. */
    void used(Known key, Instant now) {
        if (key.lastUsed.plus(LAST_USED_PRECISION).isBefore(now)) {
            key.lastUsed = now;
            used.put(key.id, now);
        }
    }

    private boolean isBelieved() {
        Long look = last;
        return look != null && nanos.getAsLong() - look < BELIEVED.toNanos();
    }

    /** A second, so that within two a change is known to every server. */
    @Scheduled(every = "1s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    void tick() {
        try {
            look();
            writeUses();
        } catch (SQLException e) {
            LOG.warnf("changed keys could not be looked for; every call asks for its key until they can: %s", e.getMessage());
        }
    }

    void look() throws SQLException {
        long begun = nanos.getAsLong();
        try (Connection connection = database.getConnection();
                PreparedStatement query = connection
                        .prepareStatement("select api_key from key_change where at > clock_timestamp() - " + OVERLAP)) {
            Set<ApiKeyId> changed = new HashSet<>();
            try (ResultSet row = query.executeQuery()) {
                while (row.next()) {
                    changed.add(new ApiKeyId(row.getLong(1)));
                }
            }
            Long before = last;
            if (before == null || begun - before > COMPLETE.toNanos()) {
                known.invalidateAll();
            }
            forget(changed);
            last = begun;
            tidy(connection, begun);
        }
    }

    private void tidy(Connection connection, long now) throws SQLException {
        Long before = tidied;
        if (before == null || now - before > TIDIED_EVERY.toNanos()) {
            tidied = now;
            try (PreparedStatement delete = connection
                    .prepareStatement("delete from key_change where at < clock_timestamp() - interval '1 hour'")) {
                delete.executeUpdate();
            }
        }
    }

    void writeUses() throws SQLException {
        if (used.isEmpty()) {
            return;
        }
        List<Long> keys = new ArrayList<>();
        List<Timestamp> times = new ArrayList<>();
        for (ApiKeyId key : List.copyOf(used.keySet())) {
            Instant time = used.remove(key);
            if (time != null) {
                keys.add(key.value());
                times.add(Timestamp.from(time));
            }
        }
        try (Connection connection = database.getConnection();
                PreparedStatement update = connection.prepareStatement("""
                        update api_key k set last_used_at = greatest(k.last_used_at, u.at)
                        from unnest(?, ?) u(id, at) where k.id = u.id""")) {
            Array ids = connection.createArrayOf("bigint", keys.toArray());
            Array at = connection.createArrayOf("timestamptz", times.toArray());
            update.setArray(1, ids);
            update.setArray(2, at);
            update.executeUpdate();
        }
    }

    void changed(@Observes(during = TransactionPhase.AFTER_SUCCESS) KeysChanged event) {
        forget(event.keys());
    }

    private void forget(Set<ApiKeyId> keys) {
        if (!keys.isEmpty()) {
            known.asMap().values().removeIf(one -> keys.contains(one.id));
        }
    }

    void stop(@Observes ShutdownEvent event) {
        try {
            writeUses();
        } catch (SQLException e) {
            LOG.warnf("when keys were last used could not be written: %s", e.getMessage());
        }
    }

    private static KeyLimits limits(ResultSet row) throws SQLException {
        ApiKey key = new ApiKey();
        key.totalNanos = (Long) row.getObject("total_nanos");
        key.perDayNanos = (Long) row.getObject("per_day_nanos");
        key.maxInputNanos = (Long) row.getObject("max_input_nanos");
        key.maxOutputNanos = (Long) row.getObject("max_output_nanos");
        key.maxCallNanos = (Long) row.getObject("max_call_nanos");
        key.maxItemNanos = (Long) row.getObject("max_item_nanos");
        Array models = row.getArray("models");
        key.models = models == null ? null : List.of((String[]) models.getArray());
        key.requestsPerMinute = (Integer) row.getObject("requests_per_minute");
        key.tokensPerMinute = (Integer) row.getObject("tokens_per_minute");
        key.streams = (Integer) row.getObject("streams");
        return key.limits();
    }

    private static @Nullable Instant instant(ResultSet row, String column) throws SQLException {
        OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
        return time == null ? null : time.toInstant();
    }
}
