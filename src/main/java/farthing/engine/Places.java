package farthing.engine;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** How many calls of one version run at once and how many more may wait, in the order in which they came. */
final class Places {

    private final Semaphore free;
    private final int most;
    private final Duration longest;
    private final AtomicInteger inside = new AtomicInteger();

    Places(int atOnce, EngineSettings settings) {
        free = new Semaphore(atOnce, true);
        most = atOnce + settings.queue();
        longest = settings.queueTime();
    }

    /** @throws EngineBusy if too many are inside already */
    void enter() {
        if (inside.incrementAndGet() > most) {
            inside.decrementAndGet();
            throw new EngineBusy("This model");
        }
    }

    /** Waits for a place, after entering. */
    void take() {
        try {
            if (!free.tryAcquire(longest.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new EngineBusy("This model");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new EngineFailed("the call was interrupted.");
        }
    }

    /** Ends what {@link #take()} began. */
    void giveBack() {
        free.release();
    }

    /** Ends what {@link #enter()} began. */
    void leave() {
        inside.decrementAndGet();
    }

    boolean empty() {
        return busy() == 0;
    }

    /** How many run or wait. */
    int busy() {
        return inside.get();
    }
}
