package farthing.artefact;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;

/** The header of a GGUF file (versions 2 and 3), read without believing a length that it states. */
final class GgufFile {

    static final int U32 = 4;
    static final int BOOL = 7;
    static final int STRING = 8;
    static final int ARRAY = 9;

    private static final int[] SIZES = { 1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8 };
    private static final int MOST_KEYS = 4096;
    private static final int MOST_TENSORS = 65_536;
    private static final int LONGEST_KEY = 256;
    private static final int LONGEST_NAME = 63;
    private static final int LONGEST_STRING = 1 << 20;
    /** What is kept of short arrays: heads per layer and the like. */
    private static final int KEPT = 1024;

    /**
     * @param type as the file numbers them
     * @param number of an integer or boolean
     * @param text of a string
     * @param elements type of an array's, -1 for others
     * @param count of an array's elements
     * @param numbers of a short array of integers
     */
    record Value(int type, long number, String text, int elements, long count, long[] numbers) {

        boolean isInteger() {
            return type <= 5 || type == 10 || type == 11;
        }
    }

    /** @param shape innermost first */
    record Tensor(String name, long[] shape, int type, long offset) {

        long elements() {
            long elements = 1;
            for (long n : shape) {
                elements *= n;
            }
            return elements;
        }
    }

    private final FileChannel channel;
    private final long size;
    private final ByteBuffer buffer = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN).limit(0);
    private long at;
    private final Map<String, Value> values = new HashMap<>();
    private final List<Tensor> tensors = new ArrayList<>();

    /** @throws WrongArtefact under {@link Rule#STRUCTURE} */
    GgufFile(FileChannel channel) throws IOException {
        this.channel = channel;
        this.size = channel.size();
        if (u32() != 0x46554747) {
            throw broken("it does not begin with GGUF");
        }
        int version = u32();
        if (version != 2 && version != 3) {
            throw broken("its version " + Integer.toUnsignedString(version) + " is unknown");
        }
        // The smallest tensor entry takes 32 bytes, the smallest key-value pair 13.
        long announced = count(32);
        long pairs = count(13);
        if (announced > MOST_TENSORS || pairs > MOST_KEYS) {
            throw broken(
                    "it announces %d tensors and %d keys, and %d and %d are the most".formatted(announced, pairs, MOST_TENSORS,
                            MOST_KEYS));
        }
        for (long i = 0; i < pairs; i++) {
            String key = string(LONGEST_KEY, "a key");
            if (values.putIfAbsent(key, value(u32())) != null) {
                throw broken("the key '" + shown(key) + "' is there twice");
            }
        }
        Set<String> names = new HashSet<>();
        for (long i = 0; i < announced; i++) {
            Tensor tensor = tensor();
            if (!names.add(tensor.name())) {
                throw broken("the tensor '" + shown(tensor.name()) + "' is there twice");
            }
            tensors.add(tensor);
        }
        if (tensors.isEmpty()) {
            throw broken("it has no tensors");
        }
    }

    Map<String, Value> values() {
        return values;
    }

    List<Tensor> tensors() {
        return tensors;
    }

    /** Where the header ended. */
    long end() {
        return at;
    }

    long size() {
        return size;
    }

    private Value value(int type) throws IOException {
        return switch (type) {
            case STRING -> new Value(type, 0, string(LONGEST_STRING, "a text"), -1, 0, new long[0]);
            case ARRAY -> array(u32());
            default -> new Value(type, scalar(type), "", -1, 0, new long[0]);
        };
    }

    private long scalar(int type) throws IOException {
        ByteBuffer bytes = need(sizeOf(type));
        return switch (type) {
            case 0 -> Byte.toUnsignedLong(bytes.get());
            case 1 -> bytes.get();
            case 2 -> Short.toUnsignedLong(bytes.getShort());
            case 3 -> bytes.getShort();
            case 4 -> Integer.toUnsignedLong(bytes.getInt());
            case 5, 6 -> bytes.getInt();
            case BOOL -> {
                byte value = bytes.get();
                if (value != 0 && value != 1) {
                    throw broken("a truth value is " + value);
                }
                yield value;
            }
            default -> bytes.getLong();
        };
    }

    private Value array(int type) throws IOException {
        if (type == STRING) {
            long n = count(8);
            for (long i = 0; i < n; i++) {
                long length = count(1);
                if (length > LONGEST_STRING) {
                    throw broken("a text of %d bytes is in a list".formatted(length));
                }
                skip(length);
            }
            return new Value(ARRAY, 0, "", type, n, new long[0]);
        }
        int each = sizeOf(type);
        long n = count(each);
        boolean kept = n <= KEPT && type != 6 && type != 12;
        long[] numbers = new long[kept ? (int) n : 0];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = scalar(type);
        }
        if (!kept) {
            skip(n * each);
        }
        return new Value(ARRAY, 0, "", type, n, numbers);
    }

    private static int sizeOf(int type) {
        if (type < 0 || type >= SIZES.length || SIZES[type] == 0) {
            throw broken("the value type " + Integer.toUnsignedString(type) + " is not allowed there");
        }
        return SIZES[type];
    }

    private Tensor tensor() throws IOException {
        String name = string(LONGEST_NAME, "the name of a tensor");
        int dimensions = u32();
        if (dimensions < 1 || dimensions > 4) {
            throw broken("the tensor '%s' has %s dimensions".formatted(shown(name), Integer.toUnsignedString(dimensions)));
        }
        long[] shape = new long[dimensions];
        long elements = 1;
        for (int i = 0; i < dimensions; i++) {
            shape[i] = u64();
            if (shape[i] <= 0 || elements > Long.MAX_VALUE / 64 / shape[i]) {
                throw broken("the tensor '" + shown(name) + "' has an impossible shape");
            }
            elements *= shape[i];
        }
        return new Tensor(name, shape, u32(), u64());
    }

    private String string(int longest, String what) throws IOException {
        long length = count(1);
        if (length > longest) {
            throw broken("%s has %d bytes, and %d are the most".formatted(what, length, longest));
        }
        byte[] bytes = new byte[(int) length];
        for (int i = 0; i < bytes.length;) {
            int n = Math.min(bytes.length - i, buffer.capacity());
            need(n).get(bytes, i, n);
            i += n;
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** A count of things that take at least so many bytes each. */
    private long count(int bytesEach) throws IOException {
        long n = u64();
        if (n < 0 || n > left() / bytesEach) {
            throw broken("it announces more than the file holds");
        }
        return n;
    }

    private long left() {
        return size - at;
    }

    private int u32() throws IOException {
        return need(4).getInt();
    }

    private long u64() throws IOException {
        return need(8).getLong();
    }

    private void skip(long n) {
        if (n > left()) {
            throw broken("it ends too early");
        }
        int buffered = (int) Math.min(n, buffer.remaining());
        buffer.position(n > buffered ? buffer.limit() : buffer.position() + buffered);
        at += n;
    }

    private ByteBuffer need(int n) throws IOException {
        if (n > left()) {
            throw broken("it ends too early");
        }
        if (buffer.remaining() < n) {
            buffer.clear();
            while (buffer.position() < n && channel.read(buffer, at + buffer.position()) >= 0) {
            }
            buffer.flip();
            if (buffer.remaining() < n) {
                throw broken("it ends too early");
            }
        }
        at += n;
        return buffer;
    }

    static String shown(@Nullable String text) {
        String printable = String.valueOf(text).replaceAll("\\p{C}", "?");
        return printable.length() > 64 ? printable.substring(0, 64) + "…" : printable;
    }

    private static WrongArtefact broken(String why) {
        return new WrongArtefact(Rule.STRUCTURE,
                "The model is not a whole GGUF file: " + why + "; send the file again or export it anew.");
    }
}
