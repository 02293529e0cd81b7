package farthing.engine;

import java.io.IOException;
import java.util.Arrays;

/** Finds the data of server-sent events, one line each, as OpenAI's protocol has them, in bytes as they come. */
final class EventLines {

    private static final int LONGEST = 1 << 20;
    private static final byte[] DATA = { 'd', 'a', 't', 'a', ':' };
    private static final byte[] NONE = {};

    /** Gets the data of an event: some of the bytes, without the white space around it. */
    interface Data {
        void is(byte[] bytes, int from, int to) throws IOException;
    }

    private byte[] begun = NONE;

    void add(byte[] more, Data data) throws IOException {
        byte[] bytes = more;
        int seen = begun.length;
        if (seen > 0) {
            bytes = Arrays.copyOf(begun, seen + more.length);
            System.arraycopy(more, 0, bytes, seen, more.length);
        }
        int line = 0;
        for (int i = seen; i < bytes.length; i++) {
            if (bytes[i] == '\n') {
                line(bytes, line, i, data);
                line = i + 1;
            }
        }
        if (bytes.length - line > LONGEST) {
            throw tooLong();
        }
        begun = line == bytes.length ? NONE : Arrays.copyOfRange(bytes, line, bytes.length);
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
