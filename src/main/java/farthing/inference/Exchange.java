package farthing.inference;

import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import org.jspecify.annotations.Nullable;

import farthing.engine.OnBehalf;
import farthing.metering.Charged;
import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;

/** One HTTP call as the blocking code of a virtual thread sees it. */
final class Exchange {

    static final String JSON = "application/json";
    static final String EVENTS = "text/event-stream";

    private static final CharSequence NO_STORE = HttpHeaders.createOptimized("no-store");
    private static final CharSequence BUFFERING = HttpHeaders.createOptimized("X-Accel-Buffering");
    private static final CharSequence NO = HttpHeaders.createOptimized("no");
    private static final CharSequence RECEIPT = HttpHeaders.createOptimized("Farthing-Receipt");
    private static final CharSequence CHARGE = HttpHeaders.createOptimized("Farthing-Charge");

    /** A client that takes nothing for this long is gone. */
    private static final int SECONDS_TO_DRAIN = 30;

    private static final long MILLIS_TO_DRAIN = 1000L * SECONDS_TO_DRAIN;

    private final RoutingContext context;
    private final Context loop;
    private final HttpServerResponse response;
    private volatile @Nullable Runnable onLeave;
    private volatile boolean left;
    private volatile boolean cut;
    private volatile boolean begun;
    private volatile OnBehalf who = OnBehalf.itself();
    /** Completed when the client can take more, or leaves. */
    private volatile CompletableFuture<@Nullable Void> drained = new CompletableFuture<>();
    /** What is written at the end of this turn of the loop, and of how many pieces that is; the loop's alone. */
    private @Nullable Buffer unsent;
    private int unsentPieces;
    /** Pieces handed to the network while the client was there. By the loop alone. */
    private volatile int sent;

    /** On the call's event loop. */
    Exchange(RoutingContext context) {
        this.context = context;
        this.loop = context.vertx().getOrCreateContext();
        this.response = context.response();
        response.closeHandler(gone -> leave());
        response.exceptionHandler(gone -> leave());
    }

    /** Where the connection's events happen and where nothing may block. */
    Context loop() {
        return loop;
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

    /**
     * Breaks the call off because this server stops, while its client can still be told. Unless it is being charged it is free
     * from now on, also when its connection closes before it has noticed.
     */
    void cut() {
        cut = true;
        stopWork();
    }

    /** @throws ServerStopping when the call was broken off by us, so that nobody takes it for a client that left */
    void requireNotCut() {
        if (cut) {
            throw new ServerStopping();
        }
    }

    boolean isCut() {
        return cut;
    }

    /** Whether its end is no fault of what answers it: the client left, or we broke the call off. */
    boolean isGivenUp() {
        return cut || hasLeft();
    }

    /** From now on it waits in queues as a call of that key, and in none when the call is given up. */
    void isFor(Object key) {
        OnBehalf its = OnBehalf.of(key);
        who = its;
        onLeave(its::leave);
    }

    OnBehalf who() {
        return who;
    }

    /** Runs the action when the client leaves before it has its answer, or is cut off; at once if it is gone already. */
    void onLeave(Runnable action) {
        onLeave = action;
        if (isGivenUp()) {
            action.run();
        }
    }

    private void leave() {
        if (response.ended()) {
            return;
        }
        left = true;
        stopWork();
    }

    private void stopWork() {
        drained.complete(null);
        Runnable action = onLeave;
        if (action != null) {
            // Not on the event loop, which must not wait for an engine.
            Thread.startVirtualThread(action);
        }
    }

    void send(int status, String contentType, byte[] body, @Nullable Charged charged) {
        loop.runOnContext(_ -> {
            if (charged == null) {
                // A stream that broke before its first piece had announced one; what is refused has none.
                response.headers().remove(RECEIPT);
            } else {
                receiptHeader(charged.receipt().toString());
                response.putHeader(CHARGE, Long.toString(charged.amount().nanos()));
            }
            if (!response.closed()) {
                response.setStatusCode(status).putHeader(HttpHeaders.CONTENT_TYPE, contentType)
                        .putHeader(HttpHeaders.CACHE_CONTROL, NO_STORE);
                var _ = response.end(Buffer.buffer(body));
            }
        });
    }

    void header(String name, String value) {
        response.putHeader(name, value);
    }

    void receiptHeader(String receipt) {
        response.putHeader(RECEIPT, receipt);
    }

    boolean hasBegun() {
        return begun;
    }

    /**
     * Writes a piece of a stream. On the event loop it returns at once, see {@link #full}; elsewhere it waits
     * while the client is behind.
     *
     * @throws ClientLeft when there is nobody to write to
     */
    void write(byte[] piece) {
        requireClient();
        if (!begun) {
            begun = true;
            response.setChunked(true).putHeader(HttpHeaders.CONTENT_TYPE, EVENTS)
                    .putHeader(HttpHeaders.CACHE_CONTROL, NO_STORE).putHeader(BUFFERING, NO);
        }
        if (!Context.isOnEventLoopThread()) {
            loop.runOnContext(_ -> write(Buffer.buffer(piece), 1));
            if (response.writeQueueFull()) {
                awaitDrain();
            }
            return;
        }
        unsentPieces++;
        Buffer waiting = unsent;
        if (waiting != null) {
            waiting.appendBytes(piece);
            return;
        }
        // Pieces that came together leave together.
        unsent = Buffer.buffer(piece);
        loop.runOnContext(_ -> flush());
    }

    private void flush() {
        Buffer waiting = unsent;
        unsent = null;
        if (waiting != null) {
            write(waiting, unsentPieces);
            unsentPieces = 0;
        }
    }

    private void write(Buffer events, int pieces) {
        if (!response.closed()) {
            // A connection that is closing still takes what it will not send, so what counts is what became of it.
            response.write(events).onSuccess(_ -> sent += pieces);
        }
    }

    /** How many pieces have been sent for certain; more may be by now. */
    int sent() {
        return sent;
    }

    /** How many of the pieces given to {@link #write} were sent, once the loop has seen all of them. Not on the event loop. */
    int sentOfAll() {
        CompletableFuture<Integer> seen = new CompletableFuture<>();
        loop.runOnContext(_ -> {
            flush();
            seen.complete(sent);
        });
        return seen.join();
    }

    /** Whether the client is behind. On the event loop. */
    boolean full() {
        return response.writeQueueFull();
    }

    /** Runs the action when the client has caught up. On the event loop. */
    void onRoom(Runnable action) {
        long timer = context.vertx().setTimer(MILLIS_TO_DRAIN, _ -> response.reset());
        response.drainHandler(room -> {
            context.vertx().cancelTimer(timer);
            action.run();
        });
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

    /** Ends a stream with its last piece. */
    void end(byte[] last) {
        loop.runOnContext(_ -> {
            flush();
            if (!response.closed()) {
                var _ = response.end(Buffer.buffer(last));
            }
        });
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
