package farthing.payment;

import java.nio.ByteBuffer;
import java.time.Instant;

import farthing.chain.Address;
import farthing.chain.Eip712;
import farthing.ledger.LineId;
import farthing.money.Amount;

/**
 * A ceiling as its payer signs it for the vault.
 *
 * @param ceiling whole micro-units
 * @param deadline whole seconds
 */
record SpendVoucher(LineId line, Amount ceiling, Instant deadline) {

    private static final Eip712.Type TYPE = Eip712.type("SpendVoucher(uint32 line,uint64 ceiling,uint40 deadline)");
    private static final long NANOS_PER_MICRO = 1_000;
    private static final int HEAD = 4 + 8 + 5 + 2;

    /** The 32 bytes that are signed: only for this vault on this chain. */
    byte[] digest(long chainId, Address vault) {
        return new Eip712.Domain("Farthing", "1", chainId, vault)
                .digest(TYPE.with().uint(Integer.toUnsignedLong(line.value())).uint(micros()).uint(deadline.getEpochSecond())
                        .hash());
    }

    /** As {@code IUsageVault.raise} reads it: line(4) ‖ ceiling(8) ‖ deadline(5) ‖ length(2) ‖ signature. */
    byte[] packed(byte[] signature) {
        long seconds = deadline.getEpochSecond();
        return ByteBuffer.allocate(HEAD + signature.length).putInt(line.value()).putLong(micros())
                .put((byte) (seconds >>> 32)).putInt((int) seconds).putShort((short) signature.length).put(signature).array();
    }

    private long micros() {
        return ceiling.nanos() / NANOS_PER_MICRO;
    }
}
