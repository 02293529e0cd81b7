package farthing.market;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * Calls that begin when their time has come, whether or not earlier ones have ended, so that a server which falls behind is not
 * spared. One thread; a connection is used again once its answer is whole.
 */
final class OpenLoop implements AutoCloseable {

    /** One kind of calls and what became of them; times are in nanoseconds. */
    static final class Calls {

        private final byte[] request;
        private final double perSecond;
        private final int count;
        private final int frames;
        private int begun;
        /** Begun and not ended, as another thread may see it. */
        private volatile int open;
        private int answered;
        private int refused;
        private int broken;
        private long framesSeen;
        private int wrongFrames;
        private final Numbers late = new Numbers();
        private final Numbers whole = new Numbers();
        private final Numbers first = new Numbers();
        private final Numbers chunks = new Numbers();

        private Calls(byte[] request, double perSecond, int count, int frames) {
            this.request = request;
            this.perSecond = perSecond;
            this.count = count;
            this.frames = frames;
        }

        int open() {
            return open;
        }

        int answered() {
            return answered;
        }

        /** Answered with another status than 200. */
        int refused() {
            return refused;
        }

        /** The connection ended before the answer did, or never was. */
        int broken() {
            return broken;
        }

        /** Frames that are missing, doubled or out of order in answers that came to their end. */
        int wrongFrames() {
            return wrongFrames;
        }

        long framesSeen() {
            return framesSeen;
        }

        /** From when it should have begun to when it did: what this program, and not the server, was late. */
        double lateMillis(double percent) {
            return late.percentile(percent) / 1e6;
        }

        /** From when it should have begun to its last byte. */
        double wholeMillis(double percent) {
            return whole.percentile(percent) / 1e6;
        }

        /** From the request to the first frame. */
        double firstMillis(double percent) {
            return first.percentile(percent) / 1e6;
        }

        /** From when the upstream sent a later frame to its arrival here. */
        double chunkMillis(double percent) {
            return chunks.percentile(percent) / 1e6;
        }
    }

    private static final class Numbers {
        private long[] numbers = new long[1024];
        private int size;

        void add(long number) {
            if (size == numbers.length) {
                numbers = Arrays.copyOf(numbers, 2 * size);
            }
            numbers[size++] = number;
        }

        long percentile(double percent) {
            if (size == 0) {
                return Long.MAX_VALUE;
            }
            long[] sorted = Arrays.copyOf(numbers, size);
            Arrays.sort(sorted);
            return sorted[Math.clamp((long) Math.ceil(size * percent / 100) - 1, 0, size - 1)];
        }
    }

    private enum Reading {
        HEAD,
        CHUNKS,
        LAST_CHUNK,
        LENGTH
    }

    private static final class Connection {
        final SocketChannel channel;
        final SelectionKey key;
        @Nullable
        Calls calls;
        boolean connected;
        long should;
        long began;
        Reading reading = Reading.HEAD;
        int status;
        int length;
        int frame;
        boolean done;
        byte[] partial = {};

        Connection(SocketChannel channel, SelectionKey key) {
            this.channel = channel;
            this.key = key;
        }
    }

    private static final byte[] NUMBERED = "\"content\":\"#".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] DONE = "data: [DONE]".getBytes(StandardCharsets.US_ASCII);

    private final InetSocketAddress server;
    private final Selector selector;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);
    private final List<Calls> kinds = new ArrayList<>();
    private final ArrayDeque<Connection> idle = new ArrayDeque<>();

    OpenLoop(int port) throws IOException {
        server = new InetSocketAddress("127.0.0.1", port);
        selector = Selector.open();
    }

    /** @param frames how many numbered frames each answer must have; 0: none are looked for */
    Calls add(String path, String key, String body, double perSecond, int count, int frames) {
        byte[] request = ("POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + key
                + "\r\nContent-Type: application/json\r\nContent-Length: " + body.length() + "\r\n\r\n" + body)
                .getBytes(StandardCharsets.US_ASCII);
        Calls calls = new Calls(request, perSecond, count, frames);
        kinds.add(calls);
        return calls;
    }

    /** Makes all calls; those that have not ended when the time is up count as broken. */
    void run(Duration longest) throws IOException {
        long began = System.nanoTime();
        long until = began + longest.toNanos();
        while (System.nanoTime() < until) {
            long next = begin(began);
            if (next == Long.MAX_VALUE && kinds.stream().allMatch(calls -> calls.open == 0)) {
                return;
            }
            long millis = (Math.min(next, until) - System.nanoTime()) / 1_000_000;
            if (millis > 0) {
                selector.select(Math.min(millis, 100));
            } else {
                selector.selectNow();
            }
            for (Iterator<SelectionKey> keys = selector.selectedKeys().iterator(); keys.hasNext();) {
                SelectionKey key = keys.next();
                keys.remove();
                if (key.isValid()) {
                    attend((Connection) key.attachment());
                }
            }
        }
        kinds.forEach(calls -> calls.broken += calls.open);
    }

    /** @return when the next call is due */
    private long begin(long began) throws IOException {
        long next = Long.MAX_VALUE;
        for (Calls calls : kinds) {
            while (calls.begun < calls.count) {
                long due = began + (long) (calls.begun * 1e9 / calls.perSecond);
                if (due > System.nanoTime()) {
                    next = Math.min(next, due);
                    break;
                }
                calls.begun++;
                calls.open = calls.open + 1;
                begin(calls, due);
            }
        }
        return next;
    }

    private void begin(Calls calls, long due) throws IOException {
        Connection connection = idle.poll();
        if (connection == null) {
            SocketChannel channel = SocketChannel.open();
            channel.configureBlocking(false);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            boolean connected = channel.connect(server);
            SelectionKey key = channel.register(selector, SelectionKey.OP_CONNECT);
            connection = new Connection(channel, key);
            key.attach(connection);
            connection.calls = calls;
            connection.should = due;
            if (connected) {
                attend(connection);
            }
            return;
        }
        connection.calls = calls;
        connection.should = due;
        send(connection);
    }

    private void attend(Connection connection) {
        try {
            if (!connection.connected) {
                if (connection.channel.finishConnect()) {
                    connection.connected = true;
                    connection.key.interestOps(SelectionKey.OP_READ);
                    send(connection);
                }
                return;
            }
            buffer.clear();
            int read = connection.channel.read(buffer);
            if (read < 0) {
                lose(connection);
                return;
            }
            long now = System.nanoTime();
            int old = connection.partial.length;
            byte[] bytes = Arrays.copyOf(connection.partial, old + read);
            buffer.flip().get(bytes, old, read);
            connection.partial = read(connection, bytes, now);
        } catch (IOException e) {
            lose(connection);
        }
    }

    private void send(Connection connection) {
        Calls calls = connection.calls;
        if (calls == null) {
            return;
        }
        connection.reading = Reading.HEAD;
        connection.frame = 0;
        connection.done = false;
        connection.length = -1;
        connection.began = System.nanoTime();
        try {
            ByteBuffer request = ByteBuffer.wrap(calls.request);
            while (request.hasRemaining()) {
                connection.channel.write(request);
            }
        } catch (IOException e) {
            lose(connection);
        }
    }

    private void lose(Connection connection) {
        Calls calls = connection.calls;
        if (calls == null) {
            idle.remove(connection);
        } else {
            calls.broken++;
            calls.open = calls.open - 1;
            connection.calls = null;
        }
        connection.key.cancel();
        try {
            connection.channel.close();
        } catch (IOException e) {
            // It is gone as well.
        }
    }

    /** @return the line that is not whole yet */
    private byte[] read(Connection connection, byte[] bytes, long now) {
        int from = 0;
        while (from < bytes.length && connection.calls != null) {
            if (connection.reading == Reading.LENGTH) {
                int taken = Math.min(connection.length, bytes.length - from);
                connection.length -= taken;
                from += taken;
                if (connection.length == 0) {
                    finish(connection, now);
                }
                continue;
            }
            int end = from;
            while (end < bytes.length && bytes[end] != '\n') {
                end++;
            }
            if (end == bytes.length) {
                break;
            }
            line(connection, bytes, from, end > from && bytes[end - 1] == '\r' ? end - 1 : end, now);
            from = end + 1;
        }
        return from == bytes.length ? new byte[0] : Arrays.copyOfRange(bytes, from, bytes.length);
    }

    private void line(Connection connection, byte[] bytes, int from, int end, long now) {
        switch (connection.reading) {
            case HEAD -> {
                if (from == end) {
                    connection.reading = connection.length >= 0 ? Reading.LENGTH : Reading.CHUNKS;
                    if (connection.length == 0) {
                        finish(connection, now);
                    }
                    return;
                }
                String line = new String(bytes, from, end - from, StandardCharsets.US_ASCII);
                if (line.startsWith("HTTP/1.1 ")) {
                    connection.status = Integer.parseInt(line.substring(9, 12));
                } else if (line.regionMatches(true, 0, "content-length:", 0, 15)) {
                    connection.length = Integer.parseInt(line.substring(15).strip());
                }
            }
            case CHUNKS -> {
                if (end - from == 1 && bytes[from] == '0') {
                    connection.reading = Reading.LAST_CHUNK;
                } else if (end - from > 20) {
                    frame(connection, bytes, from, end, now);
                } else if (Arrays.equals(bytes, from, end, DONE, 0, DONE.length)) {
                    connection.done = true;
                }
            }
            case LAST_CHUNK -> finish(connection, now);
            case LENGTH -> throw new IllegalStateException();
        }
    }

    private static void frame(Connection connection, byte[] bytes, int from, int end, long now) {
        Calls calls = connection.calls;
        if (calls == null || calls.frames == 0) {
            return;
        }
        for (int i = from; i + NUMBERED.length < end; i++) {
            if (bytes[i] == '"' && Arrays.equals(bytes, i, i + NUMBERED.length, NUMBERED, 0, NUMBERED.length)) {
                int space = i + NUMBERED.length;
                while (bytes[space] != ' ') {
                    space++;
                }
                int last = space + 1;
                while (bytes[last] != ' ') {
                    last++;
                }
                long number = number(bytes, i + NUMBERED.length, space);
                if (number != connection.frame) {
                    calls.wrongFrames++;
                }
                calls.framesSeen++;
                if (connection.frame == 0) {
                    calls.first.add(now - connection.began);
                } else {
                    calls.chunks.add(now - number(bytes, space + 1, last));
                }
                connection.frame = (int) number + 1;
                return;
            }
        }
    }

    private static long number(byte[] bytes, int from, int end) {
        long number = 0;
        for (int i = from; i < end; i++) {
            number = number * 10 + bytes[i] - '0';
        }
        return number;
    }

    private void finish(Connection connection, long now) {
        Calls calls = connection.calls;
        if (calls == null) {
            return;
        }
        if (connection.status != 200) {
            calls.refused++;
        } else if (connection.reading == Reading.LAST_CHUNK && !connection.done) {
            calls.broken++;
        } else {
            calls.answered++;
            calls.late.add(connection.began - connection.should);
            calls.whole.add(now - connection.should);
            if (calls.frames > 0 && connection.frame != calls.frames) {
                calls.wrongFrames += Math.abs(calls.frames - connection.frame);
            }
        }
        calls.open = calls.open - 1;
        connection.calls = null;
        idle.add(connection);
    }

    @Override
    public void close() throws IOException {
        for (SelectionKey key : selector.keys()) {
            key.channel().close();
        }
        selector.close();
    }
}
