package farthing.chain;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

/**
 * The outbox of transactions that this server sends. A transaction is queued inside the caller's own database
 * transaction; after that it is given a nonce, signed, stored as signed bytes, sent, sent again after a re-org or
 * a restart, and bid up when it waits too long. So it is mined at most once, whatever happens to process, node or
 * chain.
 */
public interface Transactions {

    enum State {
        /** Not signed yet. With a fault: a dry run would revert; it is tried again and may be withdrawn. */
        QUEUED,
        /** Signed bytes are stored and may be anywhere: its outcome is unknown until its nonce is used. */
        SENT,
        /** In a block of the mirrored chain, succeeded. */
        MINED,
        /** That block is finalized. */
        FINAL,
        /** In a block, reverted. Whether it stays so is known when {@link Sent#finalized}. */
        REVERTED,
    }

    /**
     * @param transaction hash of the newest signed bytes or of those mined; null while queued
     * @param block null unless mined
     * @param fault what a dry run or the block said, e.g. {@code OverLimit(3, 100, 20, 110)}; null without
     * @param finalized whether the block is
     */
    record Sent(String purpose, State state, @Nullable String transaction,
            @Nullable BlockRef block, @Nullable String fault,
            boolean finalized) {
    }

    /**
     * Queues a call. Calls of one key are mined in the order in which they were queued; only one whose dry run
     * fails is overtaken until it succeeds.
     *
     * @param purpose unique name of the intent, e.g. {@code batch:7}; queueing it again changes nothing
     * @param key whose address pays; {@link #know} made it known at start
     */
    void queue(Connection connection, String purpose, Address key, Call call) throws SQLException;

    Optional<Sent> find(Connection connection, String purpose) throws SQLException;

    /** Takes back what is still {@link State#QUEUED}; false when it was signed meanwhile, so that it may still be mined. */
    boolean withdraw(Connection connection, String purpose) throws SQLException;

    /** A key that this process may sign with; kept in memory only. */
    void know(SigningKey key);
}
