package farthing.engine;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/** One message between the server and a worker: its length, its type, its fields. */
final class Frame {

    /** Server to worker. */
    static final byte PREPARE_PROMPT = 1;
    static final byte PREPARE_CHAT = 2;
    static final byte PREPARE_TEXTS = 3;
    static final byte GENERATE = 4;
    static final byte EMBED = 5;
    static final byte CLASSIFY = 6;
    /** Server to engine host, before anything else. */
    static final byte OPEN = 7;
    static final byte KILL = 8;
    /** Worker to server. */
    static final byte PREPARED = 10;
    static final byte TOO_LONG = 11;
    static final byte UNSUPPORTED = 12;
    static final byte TEXT = 13;
    static final byte VECTOR = 14;
    static final byte LABELS = 15;
    static final byte DONE = 16;
    static final byte FAILED = 17;
    /** Engine host to server. */
    static final byte OPENED = 18;
    static final byte REFUSED = 19;

    private static final int MOST = 64 << 20;

    interface Fields {
        void write(DataOutputStream out) throws IOException;
    }

    private final byte type;
    private final DataInputStream fields;

    private Frame(byte type, byte[] content) {
        this.type = type;
        this.fields = new DataInputStream(new ByteArrayInputStream(content));
    }

    byte type() {
        return type;
    }

    DataInputStream fields() {
        return fields;
    }

    static void write(SocketChannel channel, byte type, Fields fields) throws IOException {
        var bytes = new ByteArrayOutputStream();
        bytes.writeBytes(new byte[4]);
        bytes.write(type);
        fields.write(new DataOutputStream(bytes));
        ByteBuffer frame = ByteBuffer.wrap(bytes.toByteArray());
        frame.putInt(0, frame.capacity() - 4);
        while (frame.hasRemaining()) {
            channel.write(frame);
        }
    }

    /** @throws EOFException if the other side is gone */
    static Frame read(SocketChannel channel) throws IOException {
        return read(channel, MOST);
    }

    static Frame read(SocketChannel channel, int most) throws IOException {
        int length = fill(channel, 4).getInt();
        if (length < 1 || length > most) {
            throw new IOException("A frame cannot have " + length + " bytes");
        }
        ByteBuffer frame = fill(channel, length);
        byte type = frame.get();
        byte[] content = new byte[frame.remaining()];
        frame.get(content);
        return new Frame(type, content);
    }

    private static ByteBuffer fill(SocketChannel channel, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                throw new EOFException();
            }
        }
        return buffer.flip();
    }

    /** {@link DataOutputStream#writeUTF} stops at 64 kB. */
    static void writeText(DataOutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    static String readText(DataInputStream in) throws IOException {
        return new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
    }
}
