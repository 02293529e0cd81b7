package farthing.metering;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

import org.jboss.logging.Logger;

import farthing.identity.Caller;
import farthing.money.Amount;
import farthing.receipt.ReceiptId;

/**
 * Idempotency-Keys: a row that is claimed before the call runs and completed in the transaction of its charge, by
 * that claim and no other.
 */
final class Claims {

    private static final Logger LOG = Logger.getLogger(Claims.class);

    private static final Duration KEPT = Duration.ofHours(24);

    /**
     * @param requestHash keyed with the caller's own secret, so that it tells the server nothing about a short prompt
     * @param secretMark tells the secrets of one API key apart
     */
    private record Key(long apiKey, byte[] hash, byte[] requestHash, byte[] secretMark, AnswerCipher cipher) {
    }

    private final Database database;
    private final Clock clock;
    private final long instance;
    private final Set<Long> held = ConcurrentHashMap.newKeySet();

    Claims(Database database, Clock clock, long instance) {
        this.database = database;
        this.clock = clock;
        this.instance = instance;
    }

    Claim claim(Caller caller, String idempotencyKey, byte[] request) {
        AnswerCipher cipher = new AnswerCipher(caller.replayKey());
        Key key = new Key(caller.key().value(), sha256(idempotencyKey.getBytes(StandardCharsets.UTF_8)),
                cipher.fingerprint(request), cipher.mark(), cipher);
        long id = LeaseId.random().value();
        held.add(id);
        boolean fresh = false;
        try {
            Claim claim = database.inTransaction(
                    connection -> insert(connection, key, id) ? new Claim.Fresh(this, id, cipher) : earlier(connection, key));
            fresh = claim instanceof Claim.Fresh;
            return claim;
        } finally {
            if (!fresh) {
                held.remove(id);
            }
        }
    }

    /** Frees the key unless its call was charged. Waits for a commit that is completing it at this moment. */
    void release(long id) {
        held.remove(id);
        try {
            database.inTransaction(connection -> {
                try (PreparedStatement delete = connection
                        .prepareStatement("delete from replay where claim = ? and receipt is null")) {
                    delete.setLong(1, id);
                    return delete.executeUpdate();
                }
            });
        } catch (Database.Failed | Database.OutcomeUnknown e) {
            // The call has its answer already, and tidying finds the claim later.
            LOG.warnf("claim %x could not be freed now: %s", id, e.getMessage());
        }
    }

    /**
     * Frees the keys whose claim nobody holds any more, and forgets answers that were kept long enough.
     *
     * @param unseen how long an instance was not seen that is dead
     */
    void tidy(Duration unseen) {
        Instant now = clock.instant();
        database.inTransaction(connection -> {
            // In this order: whoever has a row by now is among the held ones until the call has ended.
            List<Long> ended = own(connection);
            ended.removeAll(held);
            try (PreparedStatement delete = connection.prepareStatement("""
                    delete from replay where receipt is not null and claimed_at < ?
                    or receipt is null and (claim = any (?)
                        or instance <> ? and instance in (select i.id from instance i
                            where i.seen_at <= clock_timestamp() - ? * interval '1 millisecond'))""")) {
                delete.setTimestamp(1, Timestamp.from(now.minus(KEPT)));
                delete.setArray(2, connection.createArrayOf("bigint", ended.toArray()));
                delete.setLong(3, instance);
                delete.setLong(4, unseen.toMillis());
                return delete.executeUpdate();
            }
        });
    }

    /** The claims of this instance under which a call runs, or ran and could not free its key. */
    private List<Long> own(Connection connection) throws SQLException {
        try (PreparedStatement select = connection
                .prepareStatement("select claim from replay where instance = ? and receipt is null")) {
            select.setLong(1, instance);
            List<Long> claims = new ArrayList<>();
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    claims.add(rows.getLong(1));
                }
            }
            return claims;
        }
    }

    private boolean insert(Connection connection, Key key, long id) throws SQLException {
        Instant now = clock.instant();
        try (PreparedStatement insert = connection.prepareStatement("""
                insert into replay (api_key, key_hash, claim, request_hash, secret_mark, instance, claimed_at)
                values (?, ?, ?, ?, ?, ?, ?)
                on conflict (api_key, key_hash) do update
                    set claim = excluded.claim, request_hash = excluded.request_hash, instance = excluded.instance,
                        secret_mark = excluded.secret_mark, claimed_at = excluded.claimed_at,
                        receipt = null, content_type = null, answer = null
                    where replay.claimed_at < ? and replay.receipt is not null""")) {
            insert.setLong(1, key.apiKey);
            insert.setBytes(2, key.hash);
            insert.setLong(3, id);
            insert.setBytes(4, key.requestHash);
            insert.setBytes(5, key.secretMark);
            insert.setLong(6, instance);
            insert.setTimestamp(7, Timestamp.from(now));
            insert.setTimestamp(8, Timestamp.from(now.minus(KEPT)));
            return insert.executeUpdate() == 1;
        }
    }

    private static Claim.Answered earlier(Connection connection, Key key) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("""
                select request_hash, receipt, content_type, answer, charge, secret_mark from replay
                where api_key = ? and key_hash = ?""")) {
            select.setLong(1, key.apiKey);
            select.setBytes(2, key.hash);
            try (ResultSet row = select.executeQuery()) {
                if (!row.next()) {
                    // Freed since our insert saw it: the first call has just failed.
                    throw new CallUnderWay();
                }
                UUID receipt = row.getObject(2, UUID.class);
                byte[] mark = row.getBytes(6);
                if (mark != null && !Arrays.equals(mark, key.secretMark)) {
                    // Neither the request nor the answer of then can be looked at with the secret of now.
                    throw receipt == null ? new CallUnderWay() : new AnswerSealed(new ReceiptId(receipt));
                }
                if (!Arrays.equals(row.getBytes(1), key.requestHash)) {
                    throw new IdempotencyMismatch();
                }
                if (receipt == null) {
                    throw new CallUnderWay();
                }
                byte[] answer = row.getBytes(4);
                Charged charged = new Charged(new ReceiptId(receipt), Amount.ofNanos(row.getLong(5)));
                if (answer.length == 0) {
                    throw new AnswerNotKept(charged.receipt());
                }
                return new Claim.Answered(charged, row.getString(3), key.cipher.decrypt(answer));
            }
        }
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
