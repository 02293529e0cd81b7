package farthing.market;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.IntFunction;

import farthing.market.Journal.Outcome;

/** Callers that call without a pause, each in the order that its seed says, until it is closed. */
final class Traffic implements AutoCloseable {

    private static final long PAUSE_MILLIS = 20;

    private final Client client;
    private final ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor();
    private final List<CompletableFuture<Void>> running = new ArrayList<>();
    private final List<AtomicInteger> answered;
    private volatile boolean over;

    /**
     * @param servers by number, asked for each call, since a server that starts again has another port
     * @param wishes what a caller wants next
     */
    Traffic(Client client, int servers, IntFunction<URI> server, List<Journal.Key> keys, int callers, long seed,
            Function<Random, Client.Wish> wishes) {
        this.client = client;
        answered = new ArrayList<>();
        for (int i = 0; i < servers; i++) {
            answered.add(new AtomicInteger());
        }
        for (int i = 0; i < callers; i++) {
            Random random = new Random(seed + i);
            Journal.Key key = keys.get(i % keys.size());
            running.add(CompletableFuture.runAsync(() -> {
                while (!over) {
                    int to = random.nextInt(servers);
                    Client.Wish wish = wishes.apply(random);
                    Journal.Number number = key.next();
                    Journal.Call call;
                    while ((call = client.call(server.apply(to), key, wish, number)).outcome() != Outcome.ACKNOWLEDGED) {
                        // One that cannot be reached is not asked a thousand times.
                        pause(call.status() == 0 ? 10 * PAUSE_MILLIS : PAUSE_MILLIS);
                        if (over || wish.idempotencyKey() == null) {
                            to = -1;
                            break;
                        }
                        // The same again, wherever: it is to be charged once.
                        to = random.nextInt(servers);
                    }
                    if (to >= 0) {
                        answered.get(to).incrementAndGet();
                    }
                }
            }, this.callers));
        }
    }

    /** Until that server has answered so many more calls. */
    void await(int server, int calls, Duration patience) {
        int enough = answered.get(server).get() + calls;
        long deadline = System.nanoTime() + patience.toNanos();
        while (answered.get(server).get() < enough) {
            running.stream().filter(CompletableFuture::isCompletedExceptionally).forEach(CompletableFuture::join);
            if (System.nanoTime() > deadline) {
                throw new AssertionError("server " + server + " answered only " + (calls - enough + answered.get(server).get())
                        + " of " + calls + " calls in " + patience + "; calls failed so: " + client.said());
            }
            pause(5);
        }
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Waits for the calls under way. */
    @Override
    public void close() {
        over = true;
        try {
            running.forEach(CompletableFuture::join);
        } finally {
            callers.shutdownNow();
        }
    }
}
