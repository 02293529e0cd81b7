package farthing.metering;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

import farthing.money.Amount;
import farthing.receipt.Salts;

/**
 * The one writer of this instance. It gathers the charges that arrive within the linger and makes them durable in one
 * transaction; each call waits for that transaction.
 */
final class GroupCommit implements AutoCloseable {

    private static final Logger LOG = Logger.getLogger(GroupCommit.class);

    /** How long calls wait for a database that does not answer before they fail uncharged. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final Duration PAUSE = Duration.ofMillis(100);

    /** One charge in the queue. */
    record Pending(Reservation reservation, Consumed consumed, Amount amount, Salts salts, @Nullable Replay replay,
            CompletableFuture<Charged> done) {
    }

    private final CommitWriter writer;
    private final int most;
    private final Duration linger;
    private final BlockingQueue<Pending> queue;
    private final Thread thread;
    private volatile boolean ending;

    GroupCommit(CommitWriter writer, Duration linger, int most, int queued) {
        this.writer = writer;
        this.linger = linger;
        this.most = most;
        this.queue = new ArrayBlockingQueue<>(queued);
        this.thread = Thread.ofPlatform().name("group-commit").start(this::run);
    }

    /** @throws NotCharged when too many charges wait */
    void submit(Pending pending) {
        if (ending || !queue.offer(pending)) {
            throw NotCharged.busy();
        }
    }

    /** Commits what is queued, then ends. */
    @Override
    public void close() {
        ending = true;
        try {
            thread.join(PATIENCE.plusSeconds(5));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        while (!ending || !queue.isEmpty()) {
            try {
                List<Pending> batch = gather();
                if (!batch.isEmpty()) {
                    commit(batch);
                }
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                LOG.error("the group commit stumbled; the calls in it were failed uncharged", e);
            }
        }
    }

    private List<Pending> gather() throws InterruptedException {
        List<Pending> batch = new ArrayList<>();
        Pending first = queue.poll(100, TimeUnit.MILLISECONDS);
        if (first == null) {
            return batch;
        }
        batch.add(first);
        long until = System.nanoTime() + linger.toNanos();
        while (batch.size() < most) {
            Pending next = queue.poll(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS);
            if (next == null) {
                break;
            }
            batch.add(next);
        }
        return batch;
    }

    private void commit(List<Pending> batch) throws InterruptedException {
        long id = LeaseId.random().value();
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        CommitWriter.Written written = null;
        boolean unknown = false;
        try {
            while (written == null) {
                try {
                    written = unknown ? writer.reread(id, batch) : writer.write(id, batch);
                } catch (Database.OutcomeUnknown e) {
                    // From now on the question is only whether that one commit is durable; it is never written a second time.
                    unknown = true;
                    LOG.warnf("the database did not confirm commit %x of %d calls; asking it", id, batch.size());
                } catch (Database.Failed e) {
                    if (!unknown && batch.size() > 1 && !e.isConnectionLost()) {
                        // One bad charge must not fail its neighbours.
                        for (Pending one : batch) {
                            commit(List.of(one));
                        }
                        return;
                    }
                    if (!e.isConnectionLost() || System.nanoTime() > deadline) {
                        throw e;
                    }
                    Thread.sleep(PAUSE);
                }
            }
            finish(batch, written);
        } catch (Database.Failed e) {
            LOG.errorf("commit %x of %d calls failed: %s", id, batch.size(), e.getMessage());
            fail(batch, unknown);
        } catch (RuntimeException e) {
            fail(batch, unknown);
            throw e;
        }
    }

    private static void finish(List<Pending> batch, CommitWriter.Written written) {
        for (Pending pending : batch) {
            Reservation reservation = pending.reservation;
            if (written.fenced().contains(pending)) {
                reservation.lease().abandon();
                reservation.end(null);
                pending.done.completeExceptionally(NotCharged.leaseLost());
            } else {
                reservation.end(pending.amount);
                pending.done.complete(new Charged(reservation.receipt(), pending.amount));
            }
        }
    }

    private static void fail(List<Pending> batch, boolean unknown) {
        for (Pending pending : batch) {
            Reservation reservation = pending.reservation;
            if (unknown) {
                // Whether the money is gone is for the database to say; nothing more is spent from this lease.
                reservation.lease().abandon();
            }
            reservation.end(null);
            pending.done.completeExceptionally(unknown ? NotCharged.unknown(reservation.receipt()) : NotCharged.failed());
        }
    }
}
