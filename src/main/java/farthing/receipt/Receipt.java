package farthing.receipt;

import java.nio.ByteBuffer;

import farthing.chain.Keccak;
import farthing.money.Amount;

/**
 * What anyone may see of one call, and the leaf that proves it:
 * {@code keccak256(0x00 ‖ line(4) ‖ lease(8) ‖ seq(4) ‖ version(4)
 * ‖ charge(8) ‖ bodyHash(32) ‖ sharesHash(32))}, all big-endian.
 *
 * @param line the payer's line
 * @param lease the lease that it was charged to
 * @param seq its place among the receipts of that lease, dense from 0
 * @param version 32-bit index of the version that answered
 * @param bodyHash {@link ReceiptBody#hash}
 * @param sharesHash {@link Shares#hash}
 */
public record Receipt(int line, long lease, int seq, int version, Amount charge, byte[] bodyHash, byte[] sharesHash) {

    /** RFC 6962: leaves and inner nodes are hashed under different prefixes, so that neither passes for the other. */
    private static final byte LEAF_PREFIX = 0;
    private static final int HASH = 32;
    private static final int LENGTH = 1 + 4 + 8 + 4 + 4 + 8 + HASH + HASH;

    public Receipt {
        if (charge.isNegative() || bodyHash.length != HASH || sharesHash.length != HASH) {
            throw new IllegalArgumentException("a receipt has a charge ≥ 0 and hashes of 32 bytes");
        }
    }

    public byte[] leaf() {
        return Keccak.hash(ByteBuffer.allocate(LENGTH).put(LEAF_PREFIX).putInt(line).putLong(lease).putInt(seq).putInt(version)
                .putLong(charge.nanos()).put(bodyHash).put(sharesHash).array());
    }
}
