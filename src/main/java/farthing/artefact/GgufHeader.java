package farthing.artefact;

import static farthing.artefact.Header.notWhole;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;

/** Walks a GGUF header (versions 2 and 3) without believing a length it states. */
final class GgufHeader {

    private static final int STRING = 8;
    private static final int ARRAY = 9;
    private static final int[] SIZES = { 1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8 };

    private final FileChannel channel;
    private final long size;
    private final ByteBuffer buffer = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN).limit(0);
    private long at;

    GgufHeader(FileChannel channel) throws IOException {
        this.channel = channel;
        this.size = channel.size();
    }

    void check() throws IOException {
        if (u32() != 0x46554747) {
            throw notWhole("GGUF", "it does not begin with GGUF");
        }
        int version = u32();
        if (version != 2 && version != 3) {
            throw notWhole("GGUF", "version " + version + " is unknown");
        }
        // The smallest tensor entry takes 32 bytes, the smallest key-value pair 13.
        long tensors = count(32);
        long pairs = count(13);
        for (long i = 0; i < pairs; i++) {
            string();
            value(u32());
        }
        long data = 0;
        for (long i = 0; i < tensors; i++) {
            data = Math.max(data, tensor());
        }
        if (data >= left()) {
            throw notWhole("GGUF", "its tensors begin after the end of the file");
        }
    }

    private void value(int type) throws IOException {
        switch (type) {
            case STRING -> string();
            case ARRAY -> array(u32());
            default -> skip(sizeOf(type));
        }
    }

    private void array(int type) throws IOException {
        if (type == STRING) {
            long n = count(8);
            for (long i = 0; i < n; i++) {
                string();
            }
        } else {
            int each = sizeOf(type);
            skip(count(each) * each);
        }
    }

    private int sizeOf(int type) {
        if (type < 0 || type >= SIZES.length || SIZES[type] == 0) {
            throw notWhole("GGUF", "value type " + type + " is not allowed there");
        }
        return SIZES[type];
    }

    private long tensor() throws IOException {
        string();
        int dimensions = u32();
        if (dimensions < 1 || dimensions > 4) {
            throw notWhole("GGUF", "a tensor has " + dimensions + " dimensions");
        }
        long elements = 1;
        for (int i = 0; i < dimensions; i++) {
            long n = u64();
            if (n <= 0 || elements > Long.MAX_VALUE / n) {
                throw notWhole("GGUF", "a tensor has an impossible shape");
            }
            elements *= n;
        }
        u32();
        long offset = u64();
        if (offset < 0) {
            throw notWhole("GGUF", "a tensor begins before the file");
        }
        return offset;
    }

    private void string() throws IOException {
        skip(count(1));
    }

    /** A count of things that take at least so many bytes each. */
    private long count(int bytesEach) throws IOException {
        long n = u64();
        if (n < 0 || n > left() / bytesEach) {
            throw notWhole("GGUF", "it announces more than the file holds");
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
            throw notWhole("GGUF", "it ends too early");
        }
        int buffered = (int) Math.min(n, buffer.remaining());
        buffer.position(n > buffered ? buffer.limit() : buffer.position() + buffered);
        at += n;
    }

    private ByteBuffer need(int n) throws IOException {
        if (n > left()) {
            throw notWhole("GGUF", "it ends too early");
        }
        if (buffer.remaining() < n) {
            buffer.clear();
            while (buffer.position() < n && channel.read(buffer, at + buffer.position()) >= 0) {
            }
            buffer.flip();
        }
        at += n;
        return buffer;
    }
}
