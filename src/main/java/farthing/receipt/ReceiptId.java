package farthing.receipt;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.UUID;

/**
 * Name of a receipt: 128 random bits, so that nobody finds a receipt by counting. Its text is 32 hex digits.
 *
 * @param value all 128 bits are random; it is a UUID only to the database
 */
public record ReceiptId(UUID value) {

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int BYTES = 16;

    public static ReceiptId random() {
        return new ReceiptId(new UUID(RANDOM.nextLong(), RANDOM.nextLong()));
    }

    /** @throws NotAReceiptId when the text is not 32 hex digits */
    public static ReceiptId parse(String text) {
        if (!text.matches("[0-9a-fA-F]{32}")) {
            throw new NotAReceiptId(text);
        }
        ByteBuffer bytes = ByteBuffer.wrap(HexFormat.of().parseHex(text));
        return new ReceiptId(new UUID(bytes.getLong(), bytes.getLong()));
    }

    public byte[] bytes() {
        return ByteBuffer.allocate(BYTES).putLong(value.getMostSignificantBits()).putLong(value.getLeastSignificantBits())
                .array();
    }

    @Override
    public String toString() {
        return HexFormat.of().formatHex(bytes());
    }
}
