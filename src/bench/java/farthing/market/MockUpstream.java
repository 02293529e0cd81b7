package farthing.market;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * An OpenAI-compatible endpoint that costs next to nothing: one thread that writes prepared bytes. The path says how it answers:
 * {@code /v1/…} at once, {@code /after/20/v1/…} after so many milliseconds, {@code /frames/30/every/2000/v1/…} with so many
 * numbered frames, one every so many milliseconds, each with the time at which it was sent.
 */
final class MockUpstream {

    static final int INPUT_TOKENS = 20;
    static final int OUTPUT_TOKENS = 8;

    private static final Pattern PATH = Pattern.compile("(?:/after/(\\d+))?(?:/frames/(\\d+)/every/(\\d+))?/v1/.*");
    private static final byte[] STREAMED = "\"stream\":true".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] STREAMED_WITH_SPACE = "\"stream\": true".getBytes(StandardCharsets.US_ASCII);
    private static final String HEAD = "HTTP/1.1 200 OK\r\nContent-Type: ";
    private static final String STREAM_HEAD = HEAD + "text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    private static final String WORDS = "The wren sits on a small coin.";
    private static final String USAGE = "\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":%d,\"total_tokens\":%d}"
            .formatted(INPUT_TOKENS, OUTPUT_TOKENS, INPUT_TOKENS + OUTPUT_TOKENS);
    private static final String CHUNK = "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",";

    private record Plan(int afterMillis, int frames, int everyMillis) {
    }

    private static final class Client {
        final SocketChannel channel;
        final SelectionKey key;
        byte[] partial = {};
        @Nullable
        ByteBuffer unsent;

        Client(SocketChannel channel, SelectionKey key) {
            this.channel = channel;
            this.key = key;
        }
    }

    /** @param frame which one; −1: the whole answer */
    private record Due(long at, Client client, Plan plan, int frame, boolean streamed) implements Comparable<Due> {
        @Override
        public int compareTo(Due other) {
            return Long.compare(at, other.at);
        }
    }

    private final Selector selector;
    private final ServerSocketChannel server;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);
    private final Map<String, Plan> plans = new HashMap<>();
    private final PriorityQueue<Due> due = new PriorityQueue<>();
    private final byte[] whole;
    private final byte[] streamed;

    private MockUpstream() throws IOException {
        selector = Selector.open();
        server = ServerSocketChannel.open();
        server.bind(new InetSocketAddress("127.0.0.1", 0), 4096);
        server.configureBlocking(false);
        server.register(selector, SelectionKey.OP_ACCEPT);
        String json = "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,"
                + "\"message\":{\"role\":\"assistant\",\"content\":\"" + WORDS + "\"},\"finish_reason\":\"stop\"}]," + USAGE + "}";
        whole = (HEAD + "application/json\r\nContent-Length: " + json.length() + "\r\n\r\n" + json)
                .getBytes(StandardCharsets.US_ASCII);
        StringBuilder stream = new StringBuilder(STREAM_HEAD);
        for (String word : WORDS.split("(?= )")) {
            stream.append(chunked(event(word)));
        }
        streamed = stream.append(end()).toString().getBytes(StandardCharsets.US_ASCII);
    }

    /** Says its port, and ends with the process that started it. */
    public static void main(String[] arguments) throws IOException {
        MockUpstream upstream = new MockUpstream();
        Thread.ofPlatform().daemon().start(() -> {
            try {
                while (System.in.read() >= 0) {
                    continue;
                }
            } catch (IOException gone) {
                // As good as its end.
            }
            Runtime.getRuntime().halt(0);
        });
        System.out.println(((InetSocketAddress) upstream.server.getLocalAddress()).getPort());
        upstream.serve();
    }

    private static String chunked(String event) {
        return Integer.toHexString(event.length()) + "\r\n" + event + "\r\n";
    }

    private static String event(String text) {
        return "data: " + CHUNK + "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + text + "\"},\"finish_reason\":null}]}\n\n";
    }

    private static String end() {
        return chunked("data: " + CHUNK + "\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n")
                + chunked("data: " + CHUNK + "\"choices\":[]," + USAGE + "}\n\n") + chunked("data: [DONE]\n\n") + "0\r\n\r\n";
    }

    private void serve() throws IOException {
        while (true) {
            Due next = due.peek();
            if (next == null) {
                selector.select();
            } else {
                long nanos = next.at - System.nanoTime();
                if (nanos > 0) {
                    selector.select(Math.max(1, nanos / 1_000_000));
                } else {
                    selector.selectNow();
                }
            }
            for (Iterator<SelectionKey> keys = selector.selectedKeys().iterator(); keys.hasNext();) {
                SelectionKey key = keys.next();
                keys.remove();
                if (!key.isValid()) {
                    continue;
                }
                if (key.isAcceptable()) {
                    accept();
                } else {
                    attend((Client) key.attachment());
                }
            }
            long now = System.nanoTime();
            for (Due first; (first = due.peek()) != null && first.at <= now;) {
                due.remove();
                if (first.client.key.isValid()) {
                    send(first, now);
                }
            }
        }
    }

    private void accept() throws IOException {
        for (SocketChannel channel; (channel = server.accept()) != null;) {
            channel.configureBlocking(false);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            SelectionKey key = channel.register(selector, SelectionKey.OP_READ);
            key.attach(new Client(channel, key));
        }
    }

    private void attend(Client client) {
        try {
            if (client.unsent != null) {
                write(client, client.unsent);
            }
            buffer.clear();
            int read = client.channel.read(buffer);
            if (read < 0) {
                hangUp(client);
                return;
            }
            int old = client.partial.length;
            byte[] bytes = Arrays.copyOf(client.partial, old + read);
            buffer.flip().get(bytes, old, read);
            client.partial = answered(client, bytes);
        } catch (IOException gone) {
            hangUp(client);
        }
    }

    private static void hangUp(Client client) {
        client.key.cancel();
        try {
            client.channel.close();
        } catch (IOException e) {
            // It is gone as well.
        }
    }

    /** @return what is left of the bytes */
    private byte[] answered(Client client, byte[] bytes) throws IOException {
        int from = 0;
        while (from < bytes.length) {
            int end = endOfHead(bytes, from);
            if (end < 0) {
                break;
            }
            int body = end + contentLength(bytes, from, end);
            if (body > bytes.length) {
                break;
            }
            answer(client, path(bytes, from), contains(bytes, end, body, STREAMED)
                    || contains(bytes, end, body, STREAMED_WITH_SPACE));
            from = body;
        }
        return from == bytes.length ? new byte[0] : Arrays.copyOfRange(bytes, from, bytes.length);
    }

    private static int endOfHead(byte[] bytes, int from) {
        for (int i = from; i + 3 < bytes.length; i++) {
            if (bytes[i] == '\r' && bytes[i + 1] == '\n' && bytes[i + 2] == '\r' && bytes[i + 3] == '\n') {
                return i + 4;
            }
        }
        return -1;
    }

    private static int contentLength(byte[] bytes, int from, int end) {
        String name = "content-length:";
        for (int line = from; line < end; line++) {
            int i = 0;
            while (i < name.length() && line + i < end && (bytes[line + i] | 0x20) == (name.charAt(i) | 0x20)) {
                i++;
            }
            if (i == name.length()) {
                int length = 0;
                for (int at = line + i; bytes[at] != '\r'; at++) {
                    length = bytes[at] == ' ' ? length : length * 10 + bytes[at] - '0';
                }
                return length;
            }
            while (bytes[line] != '\n') {
                line++;
            }
        }
        return 0;
    }

    private static String path(byte[] bytes, int from) {
        int start = from;
        while (bytes[start] != ' ') {
            start++;
        }
        int end = start + 1;
        while (bytes[end] != ' ') {
            end++;
        }
        return new String(bytes, start + 1, end - start - 1, StandardCharsets.US_ASCII);
    }

    private static boolean contains(byte[] bytes, int from, int to, byte[] wanted) {
        for (int i = from; i + wanted.length <= to; i++) {
            if (bytes[i] == wanted[0] && Arrays.equals(bytes, i, i + wanted.length, wanted, 0, wanted.length)) {
                return true;
            }
        }
        return false;
    }

    private void answer(Client client, String path, boolean stream) throws IOException {
        Plan plan = plans.computeIfAbsent(path, MockUpstream::plan);
        if (plan.frames > 0) {
            // The first frame comes at once.
            send(new Due(0, client, plan, 0, true), System.nanoTime());
        } else if (plan.afterMillis > 0) {
            due.add(new Due(System.nanoTime() + plan.afterMillis * 1_000_000L, client, plan, -1, stream));
        } else {
            write(client, ByteBuffer.wrap(stream ? streamed : whole));
        }
    }

    private static Plan plan(String path) {
        Matcher found = PATH.matcher(path);
        return found.matches() ? new Plan(number(found.group(1)), number(found.group(2)), number(found.group(3)))
                : new Plan(0, 0, 0);
    }

    private static int number(@Nullable String text) {
        return text == null ? 0 : Integer.parseInt(text);
    }

    private void send(Due now, long time) {
        try {
            if (now.frame < 0) {
                write(now.client, ByteBuffer.wrap(now.streamed ? streamed : whole));
                return;
            }
            String frame = now.frame == now.plan.frames ? end()
                    : (now.frame == 0 ? STREAM_HEAD : "")
                            + chunked(event("#" + now.frame + " " + System.nanoTime() + " "));
            write(now.client, ByteBuffer.wrap(frame.getBytes(StandardCharsets.US_ASCII)));
            if (now.frame < now.plan.frames) {
                due.add(new Due((now.frame == 0 ? time : now.at) + now.plan.everyMillis * 1_000_000L, now.client, now.plan,
                        now.frame + 1, true));
            }
        } catch (IOException gone) {
            hangUp(now.client);
        }
    }

    private static void write(Client client, ByteBuffer bytes) throws IOException {
        if (client.unsent != null && client.unsent != bytes) {
            client.unsent = ByteBuffer.allocate(client.unsent.remaining() + bytes.remaining()).put(client.unsent).put(bytes)
                    .flip();
            return;
        }
        client.channel.write(bytes);
        boolean all = !bytes.hasRemaining();
        if (all != (client.unsent == null)) {
            client.unsent = all ? null : bytes;
            client.key.interestOps(all ? SelectionKey.OP_READ : SelectionKey.OP_READ | SelectionKey.OP_WRITE);
        }
    }
}
