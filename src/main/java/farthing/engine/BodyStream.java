package farthing.engine;

import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;

import io.vertx.core.buffer.Buffer;

/** The body of a remote endpoint's answer for blocking code, which it lets fall behind by a little. */
final class BodyStream extends InputStream implements RemoteExchange.Reader {

    private static final int AHEAD = 1 << 18;

    private record Piece(byte[] bytes, @Nullable Throwable broken) {
        static final Piece END = new Piece(new byte[0], null);
    }

    private final LinkedBlockingQueue<Piece> pieces = new LinkedBlockingQueue<>();
    private final AtomicInteger waiting = new AtomicInteger();
    private volatile @Nullable RemoteExchange exchange;
    private byte[] current = {};
    private int at;
    private boolean ended;

    void of(RemoteExchange of) {
        exchange = of;
    }

    @Override
    public void read(Buffer bytes) {
        pieces.add(new Piece(bytes.getBytes(), null));
        RemoteExchange from = exchange;
        if (waiting.addAndGet(bytes.length()) > AHEAD && from != null) {
            from.pause();
            if (waiting.get() <= AHEAD) {
                from.resume();
            }
        }
    }

    @Override
    public void end() {
        pieces.add(Piece.END);
    }

    @Override
    public void broke(Throwable why) {
        pieces.add(new Piece(new byte[0], why));
    }

    @Override
    public int read() throws IOException {
        return more() ? current[at++] & 0xff : -1;
    }

    @Override
    public int read(byte[] into, int from, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (!more()) {
            return -1;
        }
        int count = Math.min(length, current.length - at);
        System.arraycopy(current, at, into, from, count);
        at += count;
        return count;
    }

    private boolean more() throws IOException {
        while (at == current.length && !ended) {
            Piece piece = next();
            switch (piece.broken) {
                case null -> take(piece);
                case IOException e -> throw e;
                case Throwable e -> throw new IOException(e);
            }
        }
        return !ended;
    }

    private void take(Piece piece) {
        if (piece == Piece.END) {
            ended = true;
            return;
        }
        current = piece.bytes;
        at = 0;
        int left = waiting.addAndGet(-current.length);
        RemoteExchange from = exchange;
        if (left <= AHEAD && left + current.length > AHEAD && from != null) {
            from.loop().runOnContext(_ -> from.resume());
        }
    }

    private Piece next() throws IOException {
        try {
            // What watches the exchange ends the waiting.
            return pieces.take();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw RemoteFault.failed("was not waited for");
        }
    }
}
