package farthing.metering;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.function.Predicate;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;

import farthing.money.Amount;
import farthing.receipt.Receipt;
import farthing.receipt.ReceiptId;

/** The receipts that nothing takes away any more, for those who settle them. Asked inside the caller's transaction. */
@Singleton
public class DurableReceipts {

    private static final int PIECE = 2_000;

    private final Duration doubted;

    @Inject
    DurableReceipts(MeteringConfig config) {
        this(config.doubted());
    }

    /** @param doubted how long a lease's server may take to say what it knows of, once the lease has ended */
    public DurableReceipts(Duration doubted) {
        this.doubted = doubted;
    }

    /** The place of a receipt among those of its line. @param reversed whether its charge was given back */
    public record Place(int line, long lease, int seq, boolean reversed) {
    }

    /** @throws farthing.web.Problem 404 when there is no such receipt */
    public Place find(Connection connection, ReceiptId id) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("""
                select u.line, u.lease, u.seq, r.receipt is not null
                from usage u left join usage_reversal r on r.receipt = u.receipt where u.receipt = ?""")) {
            select.setObject(1, id.value());
            try (ResultSet row = select.executeQuery()) {
                if (!row.next()) {
                    throw new ReceiptNotFound(id);
                }
                return new Place(row.getInt(1), row.getLong(2), row.getInt(3), row.getBoolean(4));
            }
        }
    }

    /**
     * Holds off reversals of these leases' receipts until the caller's transaction ends; charges go on. What was
     * reversed before is seen by every {@link #take} after it.
     */
    public void hold(Connection connection, Collection<Long> leases) throws SQLException {
        // Weaker than what a charge takes, but not than what a reversal takes.
        try (PreparedStatement lock = connection
                .prepareStatement("select id from lease where id = any (?) order by id for key share")) {
            lock.setArray(1, connection.createArrayOf("bigint", leases.toArray()));
            lock.executeQuery().close();
        }
    }

    /**
     * Offers the receipts of a lease in order, without those reversed, until one is refused, was charged too late or may
     * still be reversed, since its server has not said that it knows of it.
     *
     * @param connection in a transaction, or all of them are in memory at once
     * @param wanted false: not this one and none after it
     * @return the first sequence number that was neither taken nor reversed
     */
    public int take(Connection connection, long lease, int fromSeq, Instant chargedBefore, Predicate<Receipt> wanted)
            throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                """
                        select u.line, u.seq, u.version, u.charge, u.body_hash, u.shares_hash, u.charged_at < ?, r.receipt is not null
                        from usage u left join usage_reversal r on r.receipt = u.receipt
                        where u.lease = ? and u.seq >= ? and u.charged_at >= (select opened_at - interval '35 days' from lease where id = ?)
                            and u.seq < (select next_seq - case when state = 'OPEN'
                                or closed_at > clock_timestamp() - ? * interval '1 millisecond' then unsure else 0 end from lease where id = ?)
                        order by u.seq""")) {
            select.setFetchSize(PIECE);
            select.setTimestamp(1, Timestamp.from(chargedBefore));
            select.setLong(2, lease);
            select.setInt(3, fromSeq);
            // No week before it is looked through; the server's clock may have been set back since.
            select.setLong(4, lease);
            select.setLong(5, doubted.toMillis());
            select.setLong(6, lease);
            int next = fromSeq;
            try (ResultSet row = select.executeQuery()) {
                while (row.next() && row.getBoolean(7)) {
                    if (!row.getBoolean(8) && !wanted.test(new Receipt(row.getInt(1), lease, row.getInt(2), row.getInt(3),
                            Amount.ofNanos(row.getLong(4)), row.getBytes(5), row.getBytes(6)))) {
                        break;
                    }
                    next = row.getInt(2) + 1;
                }
            }
            return next;
        }
    }
}
