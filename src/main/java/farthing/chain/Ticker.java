package farthing.chain;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

import org.jboss.logging.Logger;

/** A thread that does something again and again: after the pause that it asks for itself, or soon after a nudge. */
final class Ticker implements AutoCloseable {

    private static final Logger LOG = Logger.getLogger(Ticker.class);
    private static final Duration LONGEST = Duration.ofSeconds(5);
    /** Who nudges is about to commit. */
    private static final long SOON_MILLIS = 30;

    private final Semaphore nudges = new Semaphore(0);
    private final Task task;
    private final Duration pause;
    private final Thread thread;
    private volatile boolean closed;
    private volatile String failure = "";

    interface Task {
        /** @return whether there is more to do at once */
        boolean run() throws Exception;
    }

    /** @param pause between two runs; after failures longer and longer, up to five seconds */
    Ticker(String name, Duration pause, Task task) {
        this.task = task;
        this.pause = pause;
        this.thread = Thread.ofPlatform().daemon().name(name).unstarted(this::loop);
    }

    void start() {
        thread.start();
    }

    void nudge() {
        nudges.release();
    }

    private void loop() {
        Duration wait = Duration.ZERO;
        try {
            while (!closed) {
                if (nudges.tryAcquire(wait.toMillis(), TimeUnit.MILLISECONDS)) {
                    Thread.sleep(SOON_MILLIS);
                    nudges.drainPermits();
                }
                wait = next(wait);
            }
        } catch (InterruptedException end) {
            Thread.currentThread().interrupt();
        }
    }

    private Duration next(Duration before) throws InterruptedException {
        try {
            boolean more = task.run();
            if (!failure.isEmpty()) {
                LOG.infof("%s goes on", thread.getName());
                failure = "";
            }
            return more ? Duration.ZERO : pause;
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            if (!closed && failure.isEmpty()) {
                failure = String.valueOf(e.getMessage());
                LOG.warnf(e instanceof NodeFailed ? null : e, "%s waits: %s", thread.getName(), failure);
            }
            Duration longer = before.multipliedBy(2);
            return longer.compareTo(LONGEST) > 0 ? LONGEST : longer.compareTo(pause) < 0 ? pause : longer;
        }
    }

    /** Waits for the run under way. */
    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        try {
            thread.join(LONGEST);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
