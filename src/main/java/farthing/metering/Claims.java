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
import java.util.Arrays;
import java.util.UUID;

import farthing.identity.Caller;
import farthing.money.Amount;
import farthing.receipt.ReceiptId;

/** Idempotency-Keys: a row that is claimed before the call runs and completed in the transaction of its charge. */
final class Claims {

    private static final Duration KEPT = Duration.ofHours(24);
    private static final int LARGEST_ANSWER = 1 << 20;

    /** @param requestHash keyed with the caller's own secret, so that it tells the server nothing about a short prompt */
    record Key(long apiKey, byte[] hash, byte[] requestHash, AnswerCipher cipher) {
    }

    private final Database database;
    private final Clock clock;
    private final long instance;

    Claims(Database database, Clock clock, long instance) {
        this.database = database;
        this.clock = clock;
        this.instance = instance;
    }

    Claim claim(Caller caller, String idempotencyKey, byte[] request) {
        AnswerCipher cipher = new AnswerCipher(caller.replayKey());
        Key key = new Key(caller.key().value(), sha256(idempotencyKey.getBytes(StandardCharsets.UTF_8)),
                cipher.fingerprint(request), cipher);
        return database
                .inTransaction(connection -> insert(connection, key) ? new Claim.Fresh(this, key) : earlier(connection, key));
    }

    Replay seal(Key key, String contentType, byte[] answer) {
        byte[] kept = answer.length <= LARGEST_ANSWER ? key.cipher.encrypt(answer) : new byte[0];
        return new Replay(key.hash, contentType, kept);
    }

    /** Frees the key unless its call was charged. Waits for a commit that is completing it at this moment. */
    void release(Key key) {
        database.inTransaction(connection -> {
            try (PreparedStatement delete = connection.prepareStatement(
                    "delete from replay where api_key = ? and key_hash = ? and instance = ? and receipt is null")) {
                delete.setLong(1, key.apiKey);
                delete.setBytes(2, key.hash);
                delete.setLong(3, instance);
                return delete.executeUpdate();
            }
        });
    }

    /** A claim left by a crash ends with the instance that made it. */
    void forgetUnseenSince(Instant then) {
        database.inTransaction(connection -> {
            try (PreparedStatement delete = connection.prepareStatement("""
                    delete from replay where receipt is null and instance <> ?
                    and instance in (select i.id from instance i where i.seen_at <= ?)""")) {
                delete.setLong(1, instance);
                delete.setTimestamp(2, Timestamp.from(then));
                return delete.executeUpdate();
            }
        });
    }

    private boolean insert(Connection connection, Key key) throws SQLException {
        Instant now = clock.instant();
        try (PreparedStatement insert = connection.prepareStatement("""
                insert into replay (api_key, key_hash, request_hash, instance, claimed_at) values (?, ?, ?, ?, ?)
                on conflict (api_key, key_hash) do update
                    set request_hash = excluded.request_hash, instance = excluded.instance, claimed_at = excluded.claimed_at,
                        receipt = null, content_type = null, answer = null
                    where replay.claimed_at < ? and replay.receipt is not null""")) {
            insert.setLong(1, key.apiKey);
            insert.setBytes(2, key.hash);
            insert.setBytes(3, key.requestHash);
            insert.setLong(4, instance);
            insert.setTimestamp(5, Timestamp.from(now));
            insert.setTimestamp(6, Timestamp.from(now.minus(KEPT)));
            return insert.executeUpdate() == 1;
        }
    }

    private static Claim.Answered earlier(Connection connection, Key key) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("""
                select r.request_hash, r.receipt, r.content_type, r.answer, u.charge
                from replay r left join usage u on u.receipt = r.receipt where r.api_key = ? and r.key_hash = ?""")) {
            select.setLong(1, key.apiKey);
            select.setBytes(2, key.hash);
            try (ResultSet row = select.executeQuery()) {
                if (!row.next()) {
                    // Freed since our insert saw it: the first call has just failed.
                    throw new CallUnderWay();
                }
                if (!Arrays.equals(row.getBytes(1), key.requestHash)) {
                    throw new IdempotencyMismatch();
                }
                UUID receipt = row.getObject(2, UUID.class);
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
