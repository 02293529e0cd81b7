package farthing.artefact;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Goes through the fields of one protobuf message where they lie, without objects for them: a file that is all small messages
 * takes no
 * more memory than any other. Messages inside are gone through by whoever knows their fields, so that the depth is what the
 * code is.
 */
final class Protobuf {

    static final int NUMBER = 0;
    static final int BYTES = 2;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** How many fields one file may have in all. */
    static final class Budget {
        private int left = 8_000_000;

        private void spend() {
            if (--left < 0) {
                throw broken("it has more parts than any model that runs here");
            }
        }
    }

    private final MemorySegment bytes;
    private final Budget budget;
    private long at;
    private int field;
    private int wire;
    private long number;
    private MemorySegment content;

    Protobuf(MemorySegment bytes, Budget budget) {
        this.bytes = bytes;
        this.budget = budget;
        this.content = bytes.asSlice(0, 0);
    }

    boolean next() {
        if (at == bytes.byteSize()) {
            return false;
        }
        budget.spend();
        long tag = varint();
        wire = (int) (tag & 7);
        if (tag >>> 3 == 0 || tag >>> 3 > 1 << 29) {
            throw broken("a field has an impossible number");
        }
        field = (int) (tag >>> 3);
        switch (wire) {
            case NUMBER -> number = varint();
            case 1 -> number = take(8).get(LONG, 0);
            case BYTES -> content = take(varint());
            case 5 -> number = take(4).get(INT, 0);
            default -> throw broken("a field is of no known kind");
        }
        return true;
    }

    private MemorySegment take(long length) {
        if (length < 0 || length > bytes.byteSize() - at) {
            throw broken("field " + field + " ends after the end of what holds it");
        }
        MemorySegment taken = bytes.asSlice(at, length);
        at += length;
        return taken;
    }

    private long varint() {
        long value = 0;
        for (int shift = 0; shift < 64 && at < bytes.byteSize(); shift += 7) {
            byte b = bytes.get(JAVA_BYTE, at++);
            value |= (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
        throw broken("it ends in the middle of a number");
    }

    int field() {
        return field;
    }

    /** Whether the field holds numbers one after another, instead of one. */
    boolean isPacked() {
        return wire == BYTES;
    }

    long number() {
        if (wire == BYTES) {
            throw broken("field " + field + " should be a number");
        }
        return number;
    }

    MemorySegment content() {
        if (wire != BYTES) {
            throw broken("field " + field + " should not be a number");
        }
        return content;
    }

    Protobuf message() {
        return new Protobuf(content(), budget);
    }

    String text(int longest) {
        MemorySegment text = content();
        if (text.byteSize() > longest) {
            throw broken("a text of %,d bytes is where %,d are the most".formatted(text.byteSize(), longest));
        }
        return new String(text.toArray(JAVA_BYTE), StandardCharsets.UTF_8);
    }

    /** The next of the numbers that follow one another in the whole of this. */
    long packed() {
        return varint();
    }

    boolean atEnd() {
        return at == bytes.byteSize();
    }

    /** The content of a packed field. */
    Protobuf numbers() {
        return new Protobuf(content(), budget);
    }

    static WrongArtefact broken(String why) {
        return new WrongArtefact(Rule.STRUCTURE,
                "The model is not a whole ONNX file: " + why + "; send the file again or export it anew.");
    }
}
