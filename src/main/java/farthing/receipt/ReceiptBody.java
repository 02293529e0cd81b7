package farthing.receipt;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

import farthing.chain.Keccak;

/**
 * What only the payer opens: {@code bodyHash = keccak256(salt(32) ‖ id(16) ‖ chargedAt(8, microseconds since
 * 1970) ‖ offer(8) ‖ inputTokens(4) ‖ outputTokens(4) ‖ items(4) ‖ requestHash(32) ‖ responseHash(32))}, all
 * big-endian. The salt keeps anyone from guessing a short prompt from its hash ({@link Salts}).
 */
public record ReceiptBody(ReceiptId id, Instant chargedAt, long offer, int inputTokens, int outputTokens, int items,
        byte[] requestHash, byte[] responseHash) {

    private static final int LENGTH = 32 + 16 + 8 + 8 + 3 * 4 + 32 + 32;

    /** @param salt {@link Salts#body} */
    public byte[] hash(byte[] salt) {
        return Keccak.hash(ByteBuffer.allocate(LENGTH).put(salt).put(id.bytes())
                .putLong(ChronoUnit.MICROS.between(Instant.EPOCH, chargedAt)).putLong(offer).putInt(inputTokens)
                .putInt(outputTokens)
                .putInt(items).put(requestHash).put(responseHash).array());
    }

    /** The salted hash of the bytes of a request or an answer, {@code keccak256(salt ‖ bytes)}; each has a salt of its own. */
    public static byte[] contentHash(byte[] salt, byte[] content) {
        return Keccak.hash(salt, content);
    }
}
