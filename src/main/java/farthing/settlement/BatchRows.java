package farthing.settlement;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;

import farthing.blob.Digest;
import farthing.money.Amount;
import farthing.receipt.BatchManifest;
import farthing.receipt.LineFile;

/** The rows of batches. Inside the caller's transaction. */
final class BatchRows {

    private static final String LIVE = " where state in " + BatchState.LIVE;

    /** Null: not settled before. */
    record LineSoFar(int line, Amount cumulative, @Nullable Long batch) {
    }

    private BatchRows() {
    }

    static Optional<Batch> newestLive(Connection connection) throws SQLException {
        return newestLiveBelow(connection, Long.MAX_VALUE);
    }

    static Optional<Batch> newestLiveBelow(Connection connection, long seq) throws SQLException {
        return batches(connection, LIVE + " and seq < ? order by seq desc limit 1", seq).stream().findFirst();
    }

    /** Anything that stood at this place of the history and was given up. */
    static Optional<Batch> givenUp(Connection connection, long seq, byte[] historyHash) throws SQLException {
        return batches(connection, " where seq = ? and history_hash = ? and state in ('RELEASED', 'VOIDED')"
                + " order by id desc limit 1", seq, historyHash).stream().findFirst();
    }

    static List<Batch> batches(Connection connection, String where, @Nullable Object... values) throws SQLException {
        return Database.list(connection, BatchRows::batch, "select * from batch" + where, values);
    }

    private static Batch batch(ResultSet row) throws SQLException {
        Timestamp mined = row.getTimestamp("mined_at");
        long block = row.getLong("block");
        return new Batch(row.getLong("id"), row.getLong("seq"), row.getLong("parent"),
                BatchState.valueOf(row.getString("state")), row.getInt("bookings"), row.getBytes("prev_hash"),
                row.getBytes("history_hash"), row.getBytes("receipts_root"), new Digest(row.getString("manifest")),
                row.getTimestamp("built_at").toInstant(), row.getLong("receipts"), amount(row, "charges"),
                amount(row, "debits"), amount(row, "credits"), amount(row, "available_after"), row.getInt("payees"),
                row.getString("transaction"), mined == null ? null : (Long) block,
                mined == null ? null : mined.toInstant(), row.getString("fault"));
    }

    /** Writes the batch with its lines and payees; its sections follow. */
    static long insert(Connection connection, BatchManifest manifest, Digest digest) throws SQLException {
        BatchManifest.Totals totals = manifest.totals();
        long id = Database.list(connection, row -> row.getLong(1), """
                insert into batch (seq, parent, state, prev_hash, history_hash, receipts_root, manifest, built_at, receipts,
                    charges, debits, credits, available_after, payees)
                values (?, ?, 'BUILT', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) returning id""", manifest.seq(), manifest.parent(),
                manifest.prevBatchHash(), manifest.historyHash(), manifest.receiptsRoot(), digest.hex(),
                Timestamp.from(manifest.builtAt()), totals.receipts(), totals.charges().nanos(), totals.debits().nanos(),
                totals.credits().nanos(), totals.availableAfter().nanos(),
                (int) manifest.payees().stream().filter(payee -> !payee.credited().isZero()).count()).getFirst();
        for (BatchManifest.Line line : manifest.lines()) {
            Database.update(connection, """
                    insert into batch_line (batch, line, cumulative_before, cumulative_after, receipts, file)
                    values (?, ?, ?, ?, ?, ?)""", id, line.line(), line.before().nanos(), line.after().nanos(),
                    line.receipts(), line.sha256());
        }
        for (BatchManifest.Payee payee : manifest.payees()) {
            Database.update(connection,
                    "insert into batch_payee (batch, payee, owed_before, earned, credited) values (?, ?, ?, ?, ?)", id,
                    payee.payee().text(), payee.owedBefore().nanos(), payee.earned().nanos(), payee.credited().nanos());
        }
        Database.update(connection, """
                insert into payee_withdrawn (payee, nanos, version)
                select payee, 0, 0 from batch_payee where batch = ? and credited > 0 on conflict do nothing""", id);
        for (BatchManifest.Held held : manifest.held()) {
            Database.update(connection, "insert into batch_held (batch, account, held_before, earned) values (?, ?, ?, ?)", id,
                    held.account(), held.before().nanos(), held.earned().nanos());
        }
        return id;
    }

    static void insertSections(Connection connection, long batch, List<Section> sections) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(
                "insert into batch_section (batch, line, lease, first_seq, count) values (?, ?, ?, ?, ?)")) {
            for (Section section : sections) {
                insert.setLong(1, batch);
                insert.setInt(2, section.line());
                insert.setLong(3, section.lease());
                insert.setInt(4, section.firstSeq());
                insert.setInt(5, section.count());
                insert.addBatch();
            }
            insert.executeBatch();
        }
    }

    record Section(int line, long lease, int firstSeq, int count) {

        static List<Section> of(LineFile file) {
            return IntStream.range(0, file.sections())
                    .mapToObj(i -> new Section(file.line(), file.lease(i), file.firstSeq(i), file.count(i))).toList();
        }
    }

    /** What has become of the batch, where it is not what the row says. */
    static void changed(Connection connection, Batch before, Batch now) throws SQLException {
        if (before.state() != now.state() || !Objects.equals(before.transaction(), now.transaction())
                || !Objects.equals(before.minedAt(), now.minedAt()) || !Objects.equals(before.block(), now.block())
                || !Objects.equals(before.fault(), now.fault())) {
            Database.update(connection,
                    "update batch set state = ?, transaction = ?, block = ?, mined_at = ?, fault = ? where id = ?",
                    now.state().name(), now.transaction(), now.block(),
                    now.minedAt() == null ? null : Timestamp.from(now.minedAt()), now.fault(), now.id());
        }
    }

    /** How much was ever settled of each of these lines, and by which batch last. */
    static List<LineSoFar> settled(Connection connection, Integer... lines) throws SQLException {
        return Database.list(connection,
                row -> new LineSoFar(row.getInt(1), amount(row, "cumulative_after"), row.getObject("id", Long.class)), """
                        select x.line, coalesce(t.cumulative_after, 0) as cumulative_after, t.id from unnest(?) x(line)
                        left join lateral (
                            select l.cumulative_after, b.id from batch_line l join batch b on b.id = l.batch
                            where l.line = x.line and b.state in""" + " " + BatchState.LIVE + """
                        order by l.batch desc limit 1) t on true""",
                connection.createArrayOf("integer", lines));
    }

    /** Up to where the receipts of these leases are settled or reversed. */
    static void advance(Connection connection, Map<Long, Integer> nextSeqs) throws SQLException {
        try (PreparedStatement upsert = connection.prepareStatement("""
                insert into settled_lease (lease, next_seq) values (?, ?)
                on conflict (lease) do update set next_seq = excluded.next_seq""")) {
            for (Map.Entry<Long, Integer> each : nextSeqs.entrySet()) {
                upsert.setLong(1, each.getKey());
                upsert.setInt(2, each.getValue());
                upsert.addBatch();
            }
            upsert.executeBatch();
        }
    }

    /**
     * Sets aside the leases that have ended and are settled whole, so that what is unsettled is looked for among few. Waits for
     * nobody: a lease that somebody holds is set aside another time.
     */
    static void setAside(Connection connection) throws SQLException {
        Database.update(connection, """
                update lease set settled = true where id in (
                    select l.id from lease l left join settled_lease s on s.lease = l.id
                    where not l.settled and l.state <> 'OPEN' and l.next_seq <= coalesce(s.next_seq, 0)
                    for update of l skip locked)""");
    }

    static Amount amount(ResultSet row, String column) throws SQLException {
        return Amount.ofNanos(row.getLong(column));
    }
}
