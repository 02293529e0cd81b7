package farthing.engine;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import org.jspecify.annotations.Nullable;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;

/**
 * One request to a remote endpoint and its answer, read as it comes, for the blocking code of a virtual thread. Closing it,
 * from
 * any thread, ends the connection at once unless the answer was whole.
 */
final class RemoteExchange extends InputStream {

    /** Pieces that may wait to be read; then the endpoint has to wait. */
    private static final int AHEAD = 16;
    private static final Duration LAST_BYTES = Duration.ofMillis(20);

    private record Piece(@Nullable Buffer bytes, @Nullable Throwable broken) {
        static final Piece END = new Piece(null, null);
    }

    private final Duration silence;
    private final BlockingQueue<Piece> pieces = new LinkedBlockingQueue<>();
    private volatile @Nullable CompletableFuture<?> waiting;
    private volatile @Nullable HttpClientRequest request;
    private volatile @Nullable HttpClientResponse response;
    private volatile boolean whole;
    private volatile boolean closed;
    private Buffer current = Buffer.buffer();
    private int at;
    private long most = Long.MAX_VALUE;
    private long received;
    private boolean ended;

    /** @param silence how long nothing may come */
    RemoteExchange(Duration silence) {
        this.silence = silence;
    }

    /** @return where the connection really leads */
    SocketAddress connect(HttpClient client, RequestOptions options) throws IOException {
        Future<HttpClientRequest> connecting = client.request(options).onSuccess(made -> {
            // Whoever reads learns of it; Vert.x would log it as an error of this server.
            made.exceptionHandler(_ -> {
            });
            made.connection().exceptionHandler(_ -> {
            });
            request = made;
            if (closed) {
                hangUp();
            }
        });
        return await(connecting).connection().remoteAddress();
    }

    /** @return status and headers, once they are there; the body is read from here */
    HttpClientResponse send(byte[] body) throws IOException {
        HttpClientRequest connected = request;
        if (connected == null) {
            throw new IllegalStateException("not connected");
        }
        return await(connected.send(Buffer.buffer(body)).onSuccess(answer -> {
            answer.pause();
            answer.handler(bytes -> pieces.add(new Piece(bytes, null)));
            answer.exceptionHandler(broken -> pieces.add(new Piece(null, broken)));
            answer.endHandler(_ -> {
                whole = true;
                pieces.add(Piece.END);
            });
            response = answer;
            answer.fetch(AHEAD);
        }));
    }

    /** Reading fails after so many bytes. */
    void limit(long bytes) {
        most = bytes;
    }

    private <T> T await(Future<T> future) throws IOException {
        CompletableFuture<T> done = future.toCompletionStage().toCompletableFuture();
        waiting = done;
        if (closed) {
            done.cancel(true);
        }
        try {
            return done.get(silence.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw RemoteFault.silent(silence);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw RemoteFault.failed("was not waited for");
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        } catch (CancellationException e) {
            throw new IOException(e);
        }
    }

    @Override
    public int read() throws IOException {
        return more() ? current.getByte(at++) & 0xff : -1;
    }

    @Override
    public int read(byte[] into, int from, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (!more()) {
            return -1;
        }
        int count = Math.min(length, current.length() - at);
        current.getBytes(at, at + count, into, from);
        at += count;
        return count;
    }

    private boolean more() throws IOException {
        while (at == current.length() && !ended) {
            Piece piece = next(silence);
            if (piece == null) {
                throw RemoteFault.silent(silence);
            }
            if (piece.broken() != null) {
                throw new IOException(piece.broken());
            }
            Buffer bytes = piece.bytes();
            if (bytes == null) {
                ended = true;
            } else {
                take(bytes);
            }
        }
        return !ended;
    }

    private void take(Buffer bytes) throws IOException {
        received += bytes.length();
        if (received > most) {
            throw RemoteFault.failed("sent more than the " + most + " bytes that such an answer may have");
        }
        current = bytes;
        at = 0;
        HttpClientResponse answer = response;
        if (answer != null) {
            answer.fetch(1);
        }
    }

    private @Nullable Piece next(Duration longest) throws IOException {
        try {
            return pieces.poll(longest.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw RemoteFault.failed("was not waited for");
        }
    }

    /**
     * All that was wanted is read. The end of the body is given a moment, because a whole answer leaves its connection usable.
     */
    void settle() throws IOException {
        Piece piece;
        do {
            piece = next(LAST_BYTES);
        } while (piece != null && piece.bytes() != null);
    }

    @Override
    public void close() {
        closed = true;
        if (!whole) {
            hangUp();
        }
        CompletableFuture<?> waited = waiting;
        if (waited != null) {
            waited.cancel(true);
        }
        pieces.add(new Piece(null, new IOException("closed")));
    }

    private void hangUp() {
        HttpClientRequest made = request;
        if (made != null) {
            var _ = made.connection().close();
        }
    }
}
