package farthing.settlement;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

import jakarta.inject.Singleton;

import farthing.chain.Address;
import farthing.ledger.LineId;
import farthing.money.Amount;

/** Batches that no re-org takes back any more, and whose money is in them. */
@Singleton
public class FinalBatches {

    /**
     * @param id never used again, which {@code seq} may be
     * @param minedAt chain time
     */
    public record FinalBatch(long id, long seq, String transaction, long block, Instant minedAt) {
    }

    /** @param charged by its calls in this batch */
    public record Paying(LineId line, int receipts, Amount charged) {
    }

    /** @param credited with this batch, of what was earned in it and before */
    public record Paid(Address payee, Amount earned, Amount credited) {
    }

    /** In the order of their ids, which is not always that in which they became final. */
    public List<Long> after(Connection connection, long id) throws SQLException {
        return Database.list(connection, row -> row.getLong(1),
                "select id from batch where id > ? and state = 'FINAL' order by id", id);
    }

    /** Empty when it is final no more, as on a chain that was restored from an older state. */
    public Optional<FinalBatch> find(Connection connection, long id) throws SQLException {
        return Database.list(connection, row -> new FinalBatch(row.getLong("id"), row.getLong("seq"),
                row.getString("transaction"), row.getLong("block"), row.getTimestamp("mined_at").toInstant()), """
                        select id, seq, transaction, block, mined_at from batch where id = ? and state = 'FINAL'
                        and mined_at is not null""", id).stream().findFirst();
    }

    public List<Paying> paying(Connection connection, long id) throws SQLException {
        return Database.list(connection,
                row -> new Paying(new LineId(row.getInt("line")), row.getInt("receipts"), BatchRows.amount(row, "charged")), """
                        select line, receipts, cumulative_after - cumulative_before as charged from batch_line
                        where batch = ? order by line""", id);
    }

    /** Those who earned something in it or were credited with it. */
    public List<Paid> paid(Connection connection, long id) throws SQLException {
        return Database.list(connection,
                row -> new Paid(new Address(row.getString("payee")), BatchRows.amount(row, "earned"),
                        BatchRows.amount(row, "credited")),
                """
                        select payee, earned, credited from batch_payee
                        where batch = ? and (earned > 0 or credited > 0) order by payee""", id);
    }
}
