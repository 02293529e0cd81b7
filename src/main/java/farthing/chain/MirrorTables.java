package farthing.chain;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.sql.Types;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import org.web3j.protocol.core.methods.response.Log;

/** The mirror's rows; only {@link Mirror} writes them. */
final class MirrorTables {

    /** Beside all newest blocks and those with events, each so-manieth is kept. */
    static final long KEPT_EACH = 256;

    private final Deployment deployment;
    private final long dense;

    /** @param dense how many of the newest blocks are all kept */
    MirrorTables(Deployment deployment, long dense) {
        this.deployment = deployment;
        this.dense = dense;
    }

    /** @param head null when nothing of this vault was read yet */
    record Seen(long version, @Nullable BlockRef head, long finalized) {

        long headNumber() {
            return head == null ? -1 : head.number();
        }
    }

    /** @param log as it was read */
    record Found(VaultEvent event, Log log) {

        long block() {
            return log.getBlockNumber().longValueExact();
        }
    }

    /**
     * What was read at once.
     *
     * @param shared number of the newest stored block that the chain still has; all above go
     * @param blocks above that, the head last
     */
    record Reading(Seen seen, long shared, List<BlockRef> blocks, List<Found> found, BlockRef head, long finalized) {
    }

    /** Those whose events came, went or changed their finality. */
    private static final class Touched {
        final Set<Integer> lines = new HashSet<>();
        final Set<Address> payees = new HashSet<>();
        boolean batches;
    }

    /**
     * Lines, batches and their money are booked by the numbers of one vault, and mean nothing on another.
     *
     * @throws IllegalStateException when this database is of another one
     */
    void requireSameVault(Connection connection) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("""
                select chain_id, vault from chain_position where (chain_id <> ? or vault <> ?)
                and exists (select 1 from chain_event where kind = 'LineOpened')""")) {
            select.setLong(1, deployment.chainId());
            select.setString(2, deployment.vault().text());
            try (ResultSet row = select.executeQuery()) {
                if (row.next()) {
                    throw new IllegalStateException("this database keeps the lines of vault " + row.getString(2) + " on chain "
                            + row.getLong(1) + ", and FARTHING_VAULT is " + deployment.vault() + " on chain "
                            + deployment.chainId() + "; give the new vault a database of its own (FARTHING_DATABASE_URL), or,"
                            + " if the embedded chain's data folder was lost, start with an empty database.");
                }
            }
        }
    }

    Seen seen(Connection connection) throws SQLException {
        return seen(connection, "");
    }

    private Seen seen(Connection connection, String lock) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("""
                select p.version, p.chain_id, p.vault, p.finalized, b.number, b.hash, b.at
                from chain_position p join chain_block b on b.number = p.head""" + lock);
                ResultSet row = select.executeQuery()) {
            if (!row.next()) {
                return new Seen(0, null, 0);
            }
            boolean ours = row.getLong(2) == deployment.chainId() && row.getString(3).equals(deployment.vault().text());
            return ours ? new Seen(row.getLong(1), block(row, 5), row.getLong(4)) : new Seen(row.getLong(1), null, 0);
        }
    }

    static BlockRef block(ResultSet row, int column) throws SQLException {
        return new BlockRef(row.getLong(column), row.getString(column + 1), row.getTimestamp(column + 2).toInstant());
    }

    /** The newest stored block of a number not above this. */
    Optional<BlockRef> newestUpTo(Connection connection, long number) throws SQLException {
        try (PreparedStatement select = connection
                .prepareStatement("select number, hash, at from chain_block where number <= ? order by number desc limit 1")) {
            select.setLong(1, number);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? Optional.of(block(row, 1)) : Optional.empty();
            }
        }
    }

    /** Empty, and nothing written, when somebody else wrote since the reader looked. */
    Optional<ChainAdvanced> write(Connection connection, Reading reading) throws SQLException {
        Seen now = seen(connection, " for update of p");
        if (now.version() != reading.seen().version()) {
            return Optional.empty();
        }
        if (!setPosition(connection, now.version(), reading)) {
            return Optional.empty();
        }
        Touched touched = new Touched();
        touch(connection, touched, reading.shared(), Long.MAX_VALUE);
        drop(connection, reading.shared());
        insertBlocks(connection, reading.blocks());
        insertEvents(connection, reading.found(), touched);
        touch(connection, touched, Math.min(now.finalized(), reading.finalized()),
                Math.max(now.finalized(), reading.finalized()));
        thinOut(connection, now.headNumber() - dense, reading.head().number() - dense);
        return Optional.of(new ChainAdvanced(new ChainPosition(reading.head(), reading.finalized()), touched.lines,
                touched.payees, touched.batches));
    }

    private boolean setPosition(Connection connection, long version, Reading reading) throws SQLException {
        try (PreparedStatement upsert = connection.prepareStatement("""
                insert into chain_position (chain_id, vault, head, finalized, version) values (?, ?, ?, ?, 1)
                on conflict (single) do update set chain_id = excluded.chain_id, vault = excluded.vault, head = excluded.head,
                    finalized = excluded.finalized, version = chain_position.version + 1
                where chain_position.version = ?""")) {
            upsert.setLong(1, deployment.chainId());
            upsert.setString(2, deployment.vault().text());
            upsert.setLong(3, reading.head().number());
            upsert.setLong(4, reading.finalized());
            upsert.setLong(5, version);
            return upsert.executeUpdate() == 1;
        }
    }

    private void touch(Connection connection, Touched touched, long above, long upTo) throws SQLException {
        if (above == upTo) {
            return;
        }
        try (PreparedStatement select = connection
                .prepareStatement("select kind, line, account from chain_event where block > ? and block <= ?")) {
            select.setLong(1, above);
            select.setLong(2, upTo);
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    String account = rows.getString(3);
                    long line = rows.getLong(2);
                    touch(touched, rows.wasNull() ? null : (int) line, account == null ? null : new Address(account));
                }
            }
        }
    }

    private static void touch(Touched touched, @Nullable Integer line, @Nullable Address account) {
        if (line != null) {
            touched.lines.add(line);
        } else if (account != null) {
            touched.payees.add(account);
        } else {
            touched.batches = true;
        }
    }

    private static void drop(Connection connection, long shared) throws SQLException {
        // The outbox looks for the blocks of its transactions again.
        for (String each : List.of("""
                update chain_transaction set mined = null, block_number = null, block_hash = null, block_at = null,
                    succeeded = null, fault = null where block_number > ?""", "delete from chain_block where number > ?")) {
            try (PreparedStatement change = connection.prepareStatement(each)) {
                change.setLong(1, shared);
                change.executeUpdate();
            }
        }
    }

    private static void insertBlocks(Connection connection, List<BlockRef> blocks) throws SQLException {
        try (PreparedStatement insert = connection
                .prepareStatement("insert into chain_block (number, hash, at) values (?, ?, ?)")) {
            for (BlockRef block : blocks) {
                insert.setLong(1, block.number());
                insert.setString(2, block.hash());
                insert.setTimestamp(3, Timestamp.from(block.at()));
                insert.addBatch();
            }
            insert.executeBatch();
        }
    }

    private static void insertEvents(Connection connection, List<Found> found, Touched touched) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                insert into chain_event (block, index, transaction, kind, line, account, seq, topics, data)
                values (?, ?, ?, ?, ?, ?, ?, ?, ?)""")) {
            for (Found each : found) {
                VaultEvent event = each.event();
                Integer line = line(event);
                Address account = account(event);
                touch(touched, line, account);
                insert.setLong(1, each.block());
                insert.setInt(2, each.log().getLogIndex().intValueExact());
                insert.setString(3, each.log().getTransactionHash());
                insert.setString(4, event.getClass().getSimpleName());
                insert.setObject(5, line == null ? null : Integer.toUnsignedLong(line), Types.BIGINT);
                insert.setString(6, account == null ? null : account.text());
                insert.setObject(7, seq(event), Types.BIGINT);
                insert.setArray(8, connection.createArrayOf("text", each.log().getTopics().toArray()));
                insert.setString(9, each.log().getData());
                insert.addBatch();
            }
            insert.executeBatch();
        }
    }

    private static @Nullable Integer line(VaultEvent event) {
        return switch (event) {
            case VaultEvent.LineOpened e -> e.line();
            case VaultEvent.SessionKeyReplaced e -> e.line();
            case VaultEvent.Deposited e -> e.line();
            case VaultEvent.CeilingRaised e -> e.line();
            case VaultEvent.ExitRequested e -> e.line();
            case VaultEvent.Exited e -> e.line();
            default -> null;
        };
    }

    private static @Nullable Address account(VaultEvent event) {
        return switch (event) {
            case VaultEvent.LineOpened e -> e.owner();
            case VaultEvent.Withdrawn e -> e.payee();
            case VaultEvent.PayoutChosen e -> e.account();
            default -> null;
        };
    }

    private static @Nullable Long seq(VaultEvent event) {
        return switch (event) {
            case VaultEvent.Posted e -> e.seq();
            case VaultEvent.Voided e -> e.seq();
            default -> null;
        };
    }

    private static void thinOut(Connection connection, long from, long to) throws SQLException {
        try (PreparedStatement delete = connection.prepareStatement("""
                delete from chain_block b where number >= ? and number < ? and number % ? <> 0
                and not exists (select 1 from chain_event e where e.block = b.number)""")) {
            delete.setLong(1, from);
            delete.setLong(2, to);
            delete.setLong(3, KEPT_EACH);
            delete.executeUpdate();
        }
    }

}
