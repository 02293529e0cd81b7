package farthing.engine;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;

/**
 * Turns tokens' bytes into text that may be delivered: whole characters only, and nothing that is or could become a stop
 * sequence. A token counts once some of its text is out; one without text counts with what stands before it.
 */
final class TextOut {

    private record Span(long start, long end) {
    }

    private final List<byte[]> stops;
    private final ArrayDeque<Span> uncounted = new ArrayDeque<>();
    private byte[] held = {};
    private long delivered;
    private int tokens;
    private boolean stopped;

    TextOut(List<String> stops) {
        this.stops = stops.stream().map(stop -> stop.getBytes(StandardCharsets.UTF_8)).toList();
    }

    /** @return what may be delivered now, often empty */
    String add(byte[] piece) {
        long start = delivered + held.length;
        uncounted.add(new Span(start, start + piece.length));
        int old = held.length;
        held = Arrays.copyOf(held, old + piece.length);
        System.arraycopy(piece, 0, held, old, piece.length);
        int stop = firstStop();
        if (stop >= 0) {
            stopped = true;
            String last = deliver(stop);
            held = new byte[0];
            return last;
        }
        return deliver(wholeCharacters(held.length - stopPrefix()));
    }

    /** @return the rest, when the answer ends for another reason than a stop sequence */
    String end() {
        return stopped ? "" : deliver(held.length);
    }

    boolean stopped() {
        return stopped;
    }

    int tokens() {
        return tokens;
    }

    private String deliver(int length) {
        String text = new String(held, 0, length, StandardCharsets.UTF_8);
        held = Arrays.copyOfRange(held, length, held.length);
        delivered += length;
        for (Span next; (next = uncounted.peek()) != null
                && (next.start < delivered || next.start == next.end && next.end <= delivered);) {
            uncounted.remove();
            tokens++;
        }
        return text;
    }

    private int firstStop() {
        for (int i = 0; i < held.length; i++) {
            for (byte[] stop : stops) {
                if (i + stop.length <= held.length && Arrays.equals(held, i, i + stop.length, stop, 0, stop.length)) {
                    return i;
                }
            }
        }
        return -1;
    }

    /** The length of the longest end of what is held that begins a stop sequence. */
    private int stopPrefix() {
        int longest = 0;
        for (byte[] stop : stops) {
            for (int n = Math.min(stop.length - 1, held.length); n > longest; n--) {
                if (Arrays.equals(held, held.length - n, held.length, stop, 0, n)) {
                    longest = n;
                }
            }
        }
        return longest;
    }

    /** Leaves out a character at the end of which bytes are still to come. Bytes that are no UTF-8 are not waited for. */
    private int wholeCharacters(int length) {
        for (int back = 1; back <= Math.min(3, length); back++) {
            int b = held[length - back] & 0xff;
            if (b >= 0xc0) {
                int needed = b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : 2;
                return needed > back ? length - back : length;
            }
            if (b < 0x80) {
                return length;
            }
        }
        return length;
    }
}
