package farthing.inference;

import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import org.jspecify.annotations.Nullable;

import farthing.engine.OnBehalf;
import farthing.metering.Charged;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;

/** One HTTP call as the blocking code of a virtual thread sees it. */
final class Exchange {

    static final String JSON = "application/json";
    static final String EVENTS = "text/event-stream";

    /** A client that takes nothing for this long is gone. */
    private static final int SECONDS_TO_DRAIN = 30;

    private final RoutingContext context;
    private final HttpServerResponse response;
    private volatile @Nullable Runnable onLeave;
    private volatile boolean left;
    private volatile OnBehalf who = OnBehalf.itself();
    /** Completed when the client can take more, or leaves. */
    private volatile CompletableFuture<@Nullable Void> drained = new CompletableFuture<>();

    Exchange(RoutingContext context) {
        this.context = context;
        this.response = context.response();
        response.closeHandler(gone -> leave());
        response.exceptionHandler(gone -> leave());
    }

    byte[] body() {
        Buffer body = context.body().buffer();
        return body == null ? new byte[0] : body.getBytes();
    }

    String path() {
        return Objects.requireNonNull(context.request().path());
    }

    @Nullable
    String header(String name) {
        return context.request().getHeader(name);
    }

    boolean hasLeft() {
        return left || response.closed();
    }

    /** From now on it waits in queues as a call of that key, and in none when the client has left. */
    void isFor(Object key) {
        OnBehalf its = OnBehalf.of(key);
        who = its;
        onLeave(its::leave);
    }

    OnBehalf who() {
        return who;
    }

    /** Runs the action when the client leaves before it has its answer; at once if it has left already. */
    void onLeave(Runnable action) {
        onLeave = action;
        if (hasLeft()) {
            action.run();
        }
    }

    private void leave() {
        if (response.ended()) {
            return;
        }
        left = true;
        drained.complete(null);
        Runnable action = onLeave;
        if (action != null) {
            // Not on the event loop, which must not wait for an engine.
            Thread.startVirtualThread(action);
        }
    }

    void send(int status, String contentType, byte[] body, @Nullable Charged charged) {
        if (charged == null) {
            // A stream that broke before its first piece had announced one; what is refused has none.
            response.headers().remove("Farthing-Receipt");
        } else {
            receiptHeader(charged.receipt().toString());
            response.putHeader("Farthing-Charge", Long.toString(charged.amount().nanos()));
        }
        if (response.closed()) {
            return;
        }
        response.setStatusCode(status).putHeader("Content-Type", contentType).putHeader("Cache-Control", "no-store");
        var _ = response.end(Buffer.buffer(body));
    }

    void header(String name, String value) {
        response.putHeader(name, value);
    }

    void receiptHeader(String receipt) {
        response.putHeader("Farthing-Receipt", receipt);
    }

    boolean hasBegun() {
        return response.headWritten();
    }

    /**
     * Writes a piece of a stream and waits while the client is behind.
     *
     * @throws ClientLeft when there is nobody to write to
     */
    void write(byte[] piece) {
        if (!response.headWritten()) {
            response.setChunked(true).putHeader("Content-Type", EVENTS).putHeader("Cache-Control", "no-store")
                    .putHeader("X-Accel-Buffering", "no");
        }
        requireClient();
        var _ = response.write(Buffer.buffer(piece));
        if (response.writeQueueFull()) {
            awaitDrain();
        }
    }

    private void awaitDrain() {
        CompletableFuture<@Nullable Void> ready = new CompletableFuture<>();
        drained = ready;
        context.vertx().runOnContext(loop -> {
            response.drainHandler(room -> ready.complete(null));
            if (!response.writeQueueFull() || hasLeft()) {
                ready.complete(null);
            }
        });
        try {
            ready.get(SECONDS_TO_DRAIN, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            var _ = response.reset();
            throw new ClientLeft();
        } catch (Exception e) {
            throw new ClientLeft();
        }
        requireClient();
    }

    private void requireClient() {
        if (hasLeft()) {
            throw new ClientLeft();
        }
    }

    void end() {
        if (!response.closed()) {
            var _ = response.end();
        }
    }

    static byte[] event(String data) {
        return ("data: " + data + "\n\n").getBytes(StandardCharsets.UTF_8);
    }

    /** The client closed its connection; nothing more can be delivered. */
    static class ClientLeft extends RuntimeException {
        ClientLeft() {
            super("the client left", null, false, false);
        }
    }
}
