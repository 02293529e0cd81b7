package farthing.engine;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

import org.jspecify.annotations.Nullable;

/** The data of server-sent events, one line each, as OpenAI's protocol has them. */
final class EventLines {

    private static final int LONGEST = 1 << 20;
    private static final String DATA = "data:";

    private final InputStream in;

    EventLines(InputStream in) {
        this.in = new BufferedInputStream(in);
    }

    /** @return null at the end of the stream, even in the middle of a line */
    @Nullable
    String next() throws IOException {
        for (String line; (line = line()) != null;) {
            if (line.startsWith(DATA)) {
                return line.substring(DATA.length()).strip();
            }
        }
        return null;
    }

    private @Nullable String line() throws IOException {
        var line = new ByteArrayOutputStream();
        for (int b; (b = in.read()) >= 0;) {
            if (b == '\n') {
                return line.toString(StandardCharsets.UTF_8);
            }
            if (line.size() == LONGEST) {
                throw RemoteFault.failed("sent a line of more than " + LONGEST + " bytes");
            }
            line.write(b);
        }
        return null;
    }
}
