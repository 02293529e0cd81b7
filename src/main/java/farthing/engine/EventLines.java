package farthing.engine;

import java.io.IOException;
import java.util.Arrays;

/** Finds the data of server-sent events, one line each, as OpenAI's protocol has them, in bytes as they come. */
final class EventLines {

    private static final int LONGEST = 1 << 20;
    private static final byte[] DATA = { 'd', 'a', 't', 'a', ':' };

    /** Gets the data of an event: some of the bytes, without the white space around it. */
    interface Data {
        void is(byte[] bytes, int from, int to) throws IOException;
    }

    private byte[] held = new byte[1024];
    private int length;

    /** Each byte is looked at once, however small the pieces in which a long line comes. */
    void add(byte[] more, Data data) throws IOException {
        int seen = length;
        if (seen + more.length > held.length) {
            held = Arrays.copyOf(held, Math.max(2 * held.length, seen + more.length));
        }
        System.arraycopy(more, 0, held, seen, more.length);
        length += more.length;
        int line = 0;
        for (int i = seen; i < length; i++) {
            if (held[i] == '\n') {
                line(held, line, i, data);
                line = i + 1;
            }
        }
        if (length - line > LONGEST) {
            throw tooLong();
        }
        if (line > 0) {
            System.arraycopy(held, line, held, 0, length - line);
            length -= line;
        }
    }

    private static void line(byte[] bytes, int start, int end, Data data) throws IOException {
        if (end - start > LONGEST) {
            throw tooLong();
        }
        if (end - start < DATA.length || !Arrays.equals(bytes, start, start + DATA.length, DATA, 0, DATA.length)) {
            return;
        }
        int from = start + DATA.length;
        int to = end;
        while (from < to && isSpace(bytes[from])) {
            from++;
        }
        while (to > from && isSpace(bytes[to - 1])) {
            to--;
        }
        data.is(bytes, from, to);
    }

    private static boolean isSpace(byte b) {
        return b == ' ' || b == '\r' || b == '\t';
    }

    private static RemoteFault tooLong() {
        return RemoteFault.failed("sent a line of more than " + LONGEST + " bytes");
    }
}
