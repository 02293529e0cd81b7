package farthing.settlement;

import java.time.Instant;

import org.jspecify.annotations.Nullable;

import farthing.blob.Digest;
import farthing.chain.Transactions.Sent;
import farthing.money.Amount;

/**
 * A batch as its row has it. {@code transaction}, {@code block} and {@code minedAt} (chain time) are null unless it is on the
 * chain.
 *
 * @param parent number of the live batch before it, 0 for none
 * @param bookings how often it was booked, which names its journal entries
 */
record Batch(long id, long seq, long parent, BatchState state, int bookings, byte[] prevHash, byte[] historyHash,
        byte[] receiptsRoot, Digest manifest, Instant builtAt, long receipts, Amount charges, Amount debits, Amount credits,
        Amount availableAfter, int payees, @Nullable String transaction, @Nullable Long block, @Nullable Instant minedAt,
        @Nullable String fault) {

    /** The name of its transaction in the outbox: another attempt at the same number is another batch. */
    String purpose() {
        return "batch:" + id;
    }

    /** What the outbox says has become of it. */
    Batch as(Sent sent) {
        return switch (sent.state()) {
            case QUEUED -> as(BatchState.BUILT, null, sent.fault());
            case SENT, REVERTED -> as(BatchState.SENT, null, sent.fault());
            case MINED -> as(BatchState.MINED, sent, null);
            case FINAL -> as(BatchState.FINAL, sent, null);
        };
    }

    private Batch as(BatchState state, @Nullable Sent mined, @Nullable String fault) {
        var block = mined == null ? null : mined.block();
        return new Batch(id, seq, parent, state, bookings, prevHash, historyHash, receiptsRoot, manifest, builtAt, receipts,
                charges, debits, credits, availableAfter, payees, mined == null ? null : mined.transaction(),
                block == null ? null : (Long) block.number(), block == null ? null : block.at(), fault);
    }
}
