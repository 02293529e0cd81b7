package farthing.chain;

import java.math.BigInteger;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

import farthing.chain.Transactions.Sent;
import farthing.chain.Transactions.State;

/** The outbox's rows. */
final class OutboxTables {

    /** Not in a block that the mirror has. @param nonce null while queued */
    record Open(long id, String purpose, Address key, @Nullable Long nonce, @Nullable String fault) {
    }

    record Signed(int version, String hash, byte[] raw, Fees fees) {
    }

    void queue(Connection connection, String purpose, Address key, Call call) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                insert into chain_transaction (purpose, key, target, data) values (?, ?, ?, ?)
                on conflict (purpose) do nothing""")) {
            insert.setString(1, purpose);
            insert.setString(2, key.text());
            insert.setString(3, call.to().text());
            insert.setBytes(4, call.data());
            insert.executeUpdate();
        }
    }

    /** One whose nonce turned out to be another's was signed before, and stays. */
    boolean withdraw(Connection connection, String purpose) throws SQLException {
        try (PreparedStatement delete = connection.prepareStatement("""
                delete from chain_transaction t where purpose = ? and nonce is null
                and not exists (select 1 from chain_signed s where s.transaction = t.id)""")) {
            delete.setString(1, purpose);
            return delete.executeUpdate() == 1;
        }
    }

    Optional<Sent> find(Connection connection, String purpose) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("""
                select t.block_number, t.block_hash, t.block_at, t.nonce is null, t.succeeded, t.fault,
                    t.block_number <= (select finalized from chain_position),
                    coalesce(t.mined, (select s.hash from chain_signed s where s.transaction = t.id and t.nonce is not null
                        order by s.version desc limit 1))
                from chain_transaction t where t.purpose = ?""")) {
            select.setString(1, purpose);
            try (ResultSet row = select.executeQuery()) {
                if (!row.next()) {
                    return Optional.empty();
                }
                boolean mined = row.getString(2) != null;
                boolean finalized = row.getBoolean(7);
                State state = row.getBoolean(4) ? State.QUEUED
                        : !mined ? State.SENT : !row.getBoolean(5) ? State.REVERTED : finalized ? State.FINAL : State.MINED;
                return Optional.of(new Sent(purpose, state, row.getString(8), mined ? MirrorTables.block(row, 1) : null,
                        row.getString(6), finalized));
            }
        }
    }

    /** In the order of nonces, then in that of queueing. */
    List<Open> open(Connection connection) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("""
                select id, purpose, key, nonce, fault from chain_transaction where block_number is null
                order by key, nonce nulls last, id limit 1000"""); ResultSet rows = select.executeQuery()) {
            List<Open> open = new ArrayList<>();
            while (rows.next()) {
                open.add(new Open(rows.getLong(1), rows.getString(2), new Address(rows.getString(3)),
                        (Long) rows.getObject(4), rows.getString(5)));
            }
            return open;
        }
    }

    Call call(Connection connection, long id) throws SQLException {
        try (PreparedStatement select = connection
                .prepareStatement("select target, data from chain_transaction where id = ?")) {
            select.setLong(1, id);
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return new Call(new Address(row.getString(1)), row.getBytes(2));
            }
        }
    }

    /** Oldest first. */
    List<Signed> signed(Connection connection, long id) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("""
                select s.version, s.hash, s.raw, s.max_fee, s.tip from chain_signed s
                join chain_transaction t on t.id = s.transaction and t.nonce = s.nonce where t.id = ? order by s.version""")) {
            select.setLong(1, id);
            try (ResultSet rows = select.executeQuery()) {
                List<Signed> signed = new ArrayList<>();
                while (rows.next()) {
                    signed.add(new Signed(rows.getInt(1), rows.getString(2), rows.getBytes(3),
                            new Fees(BigInteger.valueOf(rows.getLong(4)), BigInteger.valueOf(rows.getLong(5)))));
                }
                return signed;
            }
        }
    }

    void fault(Connection connection, long id, @Nullable String fault) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement(
                "update chain_transaction set fault = ? where id = ? and block_number is null and fault is distinct from ?")) {
            update.setString(1, fault);
            update.setLong(2, id);
            update.setString(3, fault);
            update.executeUpdate();
        }
    }

    /**
     * The next nonce of a key, whose row stays locked until the transaction ends.
     *
     * @param atLeast what the chain says: more than ours when the key was used elsewhere too
     */
    long nonce(Connection connection, Address key, long atLeast) throws SQLException {
        try (PreparedStatement upsert = connection.prepareStatement("""
                insert into chain_nonce (key, next) values (?, ?)
                on conflict (key) do update set next = greatest(chain_nonce.next, excluded.next) returning next""")) {
            upsert.setString(1, key.text());
            upsert.setLong(2, atLeast);
            try (ResultSet row = upsert.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    /** False when it was withdrawn, or given one by another server. */
    boolean take(Connection connection, Open open, long nonce, BigInteger gas) throws SQLException {
        try (PreparedStatement take = connection.prepareStatement(
                "update chain_transaction set nonce = ?, gas = ?, fault = null where id = ? and nonce is null");
                PreparedStatement next = connection.prepareStatement(
                        "update chain_nonce set next = greatest(next, ?) where key = ?")) {
            take.setLong(1, nonce);
            take.setLong(2, gas.longValueExact());
            take.setLong(3, open.id());
            next.setLong(1, nonce + 1);
            next.setString(2, open.key().text());
            return take.executeUpdate() == 1 && next.executeUpdate() == 1;
        }
    }

    /** What was signed under that nonce stays, but is not sent again. */
    void giveUpNonce(Connection connection, Open open, String fault) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement("""
                update chain_transaction set nonce = null, fault = ?
                where id = ? and nonce = ? and block_number is null""")) {
            update.setString(1, fault);
            update.setLong(2, open.id());
            update.setObject(3, open.nonce());
            update.executeUpdate();
        }
    }

    boolean isTaken(Connection connection, Address key, long nonce) throws SQLException {
        try (PreparedStatement select = connection
                .prepareStatement("select 1 from chain_transaction where key = ? and nonce = ?")) {
            select.setString(1, key.text());
            select.setLong(2, nonce);
            try (ResultSet row = select.executeQuery()) {
                return row.next();
            }
        }
    }

    Open queued(Connection connection, String purpose, Address key) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select id from chain_transaction where purpose = ?")) {
            select.setString(1, purpose);
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return new Open(row.getLong(1), purpose, key, null, null);
            }
        }
    }

    BigInteger gas(Connection connection, long id) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select gas from chain_transaction where id = ?")) {
            select.setLong(1, id);
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return BigInteger.valueOf(row.getLong(1));
            }
        }
    }

    /** The version's number, one above all before. */
    int version(Connection connection, long id) throws SQLException {
        // The row's lock makes two servers take different numbers.
        try (PreparedStatement lock = connection.prepareStatement("select 1 from chain_transaction where id = ? for update");
                PreparedStatement select = connection
                        .prepareStatement("select coalesce(max(version), 0) + 1 from chain_signed where transaction = ?")) {
            lock.setLong(1, id);
            lock.executeQuery().close();
            select.setLong(1, id);
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getInt(1);
            }
        }
    }

    void store(Connection connection, long id, long nonce, Signed signed, Timestamp at) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                insert into chain_signed (transaction, version, nonce, hash, raw, max_fee, tip, signed_at)
                values (?, ?, ?, ?, ?, ?, ?, ?)""")) {
            insert.setLong(1, id);
            insert.setInt(2, signed.version());
            insert.setLong(3, nonce);
            insert.setString(4, signed.hash());
            insert.setBytes(5, signed.raw());
            insert.setLong(6, signed.fees().most().longValueExact());
            insert.setLong(7, signed.fees().tip().longValueExact());
            insert.setTimestamp(8, at);
            insert.executeUpdate();
        }
    }

    /** Records the block of a transaction if the mirror has that block; the mirror waits meanwhile. */
    boolean mined(Connection connection, Open open, Node.Mined mined, Node.Block block, @Nullable String fault)
            throws SQLException {
        try (PreparedStatement position = connection.prepareStatement("select head, finalized from chain_position for share");
                ResultSet row = position.executeQuery()) {
            if (!row.next() || mined.number() > row.getLong(1) || !isMirrored(connection, mined, row.getLong(2))) {
                return false;
            }
        }
        try (PreparedStatement update = connection.prepareStatement("""
                update chain_transaction set mined = ?, block_number = ?, block_hash = ?, block_at = ?, succeeded = ?, fault = ?
                where id = ? and nonce = ? and block_number is null""")) {
            update.setString(1, mined.transaction());
            update.setLong(2, mined.number());
            update.setString(3, mined.block());
            update.setTimestamp(4, Timestamp.from(block.at()));
            update.setBoolean(5, mined.succeeded());
            update.setString(6, fault);
            update.setLong(7, open.id());
            update.setObject(8, open.nonce());
            return update.executeUpdate() == 1;
        }
    }

    private static boolean isMirrored(Connection connection, Node.Mined mined, long finalized) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select hash from chain_block where number = ?")) {
            select.setLong(1, mined.number());
            try (ResultSet row = select.executeQuery()) {
                // Of old blocks few are stored. If the mirror is on another chain, it drops this with them when it moves over.
                return row.next() ? row.getString(1).equals(mined.block()) : mined.number() <= finalized;
            }
        }
    }
}
