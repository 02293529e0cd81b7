package farthing.engine;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

import javax.net.ssl.SSLException;

import org.jspecify.annotations.Nullable;

import farthing.web.Outside;
import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.RequestOptions;

/**
 * One request to a remote endpoint and its answer, which is read on one event loop as it comes. Closing it, from any thread,
 * ends
 * the connection at once unless the answer was whole.
 */
final class RemoteExchange {

    private static final Duration LAST_BYTES = Duration.ofMillis(20);

    /** What becomes of the body. All is called on the event loop, where nothing may block. */
    interface Reader {

        /** What it throws ends the exchange. */
        void read(Buffer bytes) throws IOException;

        /** The body has ended. */
        void end() throws IOException;

        /** The exchange is over, and was not finished. */
        void broke(Throwable why);
    }

    /** It was closed. */
    static final class Closed extends IOException {
        private Closed() {
            super("closed");
        }
    }

    /** It lasted longer than a call may. */
    static final class Overdue extends IOException {
        private Overdue() {
            super("overdue");
        }
    }

    private final RemoteEndpoints endpoints;
    private final Context loop;
    private final Reader reader;
    private final long began = System.nanoTime();
    private volatile long heard = began;
    private volatile boolean paused;
    private volatile boolean over;
    // All below belongs to the loop.
    private @Nullable HttpClientRequest request;
    private @Nullable HttpClientResponse response;
    private boolean whole;
    private long most = Long.MAX_VALUE;
    private long received;

    RemoteExchange(RemoteEndpoints endpoints, Context loop, Reader reader) {
        this.endpoints = endpoints;
        this.loop = loop;
        this.reader = reader;
    }

    /**
     * Asks, and returns at once.
     *
     * @param ways to the endpoint, tried one after the other until one leads there
     * @param bytes that the answer may have
     */
    void start(List<RequestOptions> ways, Buffer body, long bytes) {
        endpoints.watch(this);
        loop.runOnContext(_ -> {
            most = bytes;
            connect(ways, 0, body);
        });
    }

    private void connect(List<RequestOptions> ways, int way, Buffer body) {
        if (over) {
            return;
        }
        endpoints.client().request(ways.get(way)).onComplete(connecting -> {
            if (connecting.succeeded()) {
                connected(connecting.result(), body);
            } else if (way + 1 < ways.size()) {
                connect(ways, way + 1, body);
            } else {
                fail(RemoteEndpoints.away(connecting.cause() instanceof SSLException
                        ? "has no certificate that is valid for its name, or speaks no TLS"
                        : "cannot be reached"));
            }
        });
    }

    private void connected(HttpClientRequest made, Buffer body) {
        request = made;
        // Whoever reads learns of it; Vert.x would log it as an error of this server.
        made.exceptionHandler(_ -> {
        });
        made.connection().exceptionHandler(_ -> {
        });
        if (over) {
            hangUp();
            return;
        }
        try {
            endpoints.check(made.connection().remoteAddress());
        } catch (Outside.NotPublic e) {
            fail(RemoteEndpoints.away("has " + e.getMessage()));
            return;
        } catch (IOException e) {
            fail(e);
            return;
        }
        heard = System.nanoTime();
        made.send(body).onComplete(answering -> {
            if (answering.succeeded()) {
                answered(answering.result());
            } else {
                fail(new IOException(answering.cause()));
            }
        });
    }

    private void answered(HttpClientResponse answer) {
        if (over) {
            return;
        }
        response = answer;
        heard = System.nanoTime();
        answer.exceptionHandler(broken -> fail(new IOException(broken)));
        if (answer.statusCode() != 200) {
            fail(RemoteFault.ofStatus(answer.statusCode(), RemoteEndpoints.retryAfter(answer.getHeader("Retry-After"))));
            return;
        }
        answer.handler(this::read);
        answer.endHandler(_ -> {
            whole = true;
            if (!over) {
                attempt(reader::end);
            }
        });
    }

    private void read(Buffer bytes) {
        if (over) {
            return;
        }
        heard = System.nanoTime();
        received += bytes.length();
        if (received > most) {
            fail(RemoteFault.failed("sent more than the " + most + " bytes that such an answer may have"));
            return;
        }
        attempt(() -> reader.read(bytes));
    }

    private interface Step {
        void go() throws IOException;
    }

    private void attempt(Step step) {
        try {
            step.go();
        } catch (IOException | RuntimeException | Error e) {
            fail(e);
        }
    }

    private void fail(Throwable why) {
        if (over) {
            return;
        }
        over = true;
        endpoints.forget(this);
        hangUp();
        reader.broke(why);
    }

    /**
     * All that was wanted is read. The end of the body is given a moment, because a whole answer leaves its connection usable.
     * On
     * the loop.
     */
    void finish() {
        if (over) {
            return;
        }
        over = true;
        endpoints.forget(this);
        // What came with the last bytes is read first.
        loop.runOnContext(_ -> {
            if (!whole) {
                loop.owner().setTimer(LAST_BYTES.toMillis(), _ -> hangUp());
            }
        });
    }

    /** Nothing more is read for now. On the loop. */
    void pause() {
        HttpClientResponse answer = response;
        if (answer != null) {
            paused = true;
            answer.pause();
        }
    }

    /** On the loop. */
    void resume() {
        HttpClientResponse answer = response;
        if (answer != null) {
            heard = System.nanoTime();
            paused = false;
            answer.resume();
        }
    }

    Context loop() {
        return loop;
    }

    /** Whether it has been silent, or has lasted, for too long; to be called now and then. */
    void look(long now, Duration silence, Duration longest) {
        if (now - began > longest.toNanos()) {
            loop.runOnContext(_ -> fail(new Overdue()));
        } else if (!paused && now - heard > silence.toNanos()) {
            loop.runOnContext(_ -> {
                // It may have spoken meanwhile.
                if (now - heard > silence.toNanos()) {
                    fail(RemoteFault.silent(silence));
                }
            });
        }
    }

    void close() {
        if (!over) {
            loop.runOnContext(_ -> fail(new Closed()));
        }
    }

    private void hangUp() {
        HttpClientRequest made = request;
        if (made != null && !whole) {
            var _ = made.connection().close();
        }
    }
}
