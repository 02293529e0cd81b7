package farthing.metering;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import java.util.stream.Collectors;

import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

import farthing.money.Amount;

/**
 * The one writer of this instance. It gathers the charges that arrive within the linger and makes them durable in one
 * transaction; each call waits for that transaction.
 */
final class GroupCommit implements AutoCloseable {

    private static final Logger LOG = Logger.getLogger(GroupCommit.class);

    private static final Duration PAUSE = Duration.ofMillis(100);
    /** How often it is said which charges are known, if calls leave no pause; each next commit on a lease says it, too. */
    private static final Duration SURE_EVERY = Duration.ofSeconds(2);

    /** One charge in the queue. @param since when it began to wait, by {@link System#nanoTime} */
    record Pending(Reservation reservation, Consumed consumed, Amount amount, Hashes hashes, @Nullable Replay replay,
            CompletableFuture<Charged> done, long since) {
    }

    private final CommitWriter writer;
    private final Doubts doubts;
    private final Duration linger;
    private final Duration patience;
    private final IntSupplier underWay;
    private final int most;
    private final BlockingQueue<Pending> queue;
    private final Thread thread;
    /** Leases whose last commit is confirmed, which the database has not been told. */
    private final Set<Long> confirmed = ConcurrentHashMap.newKeySet();
    private long saidSure = System.nanoTime();
    private volatile boolean closed;

    /** @param underWay how many calls hold something and have not ended; those that wait here are among them */
    GroupCommit(CommitWriter writer, Doubts doubts, Duration linger, Duration patience, int most, int queued,
            IntSupplier underWay) {
        this.writer = writer;
        this.doubts = doubts;
        this.underWay = underWay;
        this.linger = linger;
        this.patience = patience;
        this.most = most;
        this.queue = new ArrayBlockingQueue<>(queued);
        this.thread = Thread.ofPlatform().name("group-commit").daemon().start(this::run);
    }

    /** @throws NotCharged when too many charges wait, or the server ends */
    synchronized void submit(Pending pending) {
        // Under the lock of close, so that nothing enters a queue that nobody will look at again.
        if (closed || !queue.offer(pending)) {
            throw NotCharged.busy();
        }
    }

    /** Commits what is queued, then ends. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
        try {
            thread.join(patience.plusSeconds(5));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Takes back what turned out to be charged without an answer; to be called now and then.
     *
     * @throws RuntimeException while the database still does not answer
     */
    void resolveDoubts() {
        RuntimeException failed = null;
        for (Doubts.Doubt doubt : doubts.open()) {
            try {
                int free = writer.reverse(doubt);
                LOG.warnf("commit %x is known now: %d of %d calls that nobody has an answer of cost nothing", doubt.commit(),
                        free, doubt.calls().size());
                doubts.resolved(doubt);
                doubt.leases().forEach(confirmed::add);
            } catch (RuntimeException e) {
                // The next one may be known all the same.
                failed = e;
            }
        }
        if (failed != null) {
            throw failed;
        }
    }

    /** Says of which leases all charges are known. Only between commits: it would speak of one under way, too. */
    private void saySure() {
        saidSure = System.nanoTime();
        Set<Long> sure = new HashSet<>(confirmed);
        sure.removeAll(doubts.leases());
        if (sure.isEmpty()) {
            return;
        }
        try {
            writer.sureOf(sure);
            confirmed.removeAll(sure);
        } catch (Database.Failed | Database.OutcomeUnknown e) {
            LOG.debug("what is known of leases is said later", e);
        }
    }

    /** The last words: after the last commit, and after what was in doubt is known. */
    void end() {
        if (!thread.isAlive()) {
            saySure();
        }
    }

    /** Where no other server can be alive, nobody else is to be waited for. */
    void sureOfTheDead() {
        writer.sureOfAllBut(doubts.leases());
    }

    private void run() {
        while (!(closed && queue.isEmpty())) {
            List<Pending> batch = new ArrayList<>();
            try {
                gather(batch);
                if (batch.isEmpty() || System.nanoTime() - saidSure > SURE_EVERY.toNanos()) {
                    saySure();
                }
                if (!batch.isEmpty()) {
                    commit(batch, deadline(batch.getFirst()));
                }
            } catch (Throwable e) {
                // Errors too: if this thread died, every later call would wait for ever.
                LOG.error("the group commit stumbled over " + batch.size() + " calls", e);
                // Those that have their answer by now keep it.
                fail(batch, NotCharged.failed());
            }
        }
    }

    /** Those that had to wait for others that failed have waited for the same database; they try for a while all the same. */
    private long deadline(Pending longest) {
        long left = longest.since + patience.toNanos() - System.nanoTime();
        return System.nanoTime() + Math.max(left, patience.toNanos() / 5);
    }

    private void gather(List<Pending> batch) throws InterruptedException {
        Pending first = queue.poll(100, TimeUnit.MILLISECONDS);
        if (first == null) {
            return;
        }
        batch.add(first);
        long until = System.nanoTime() + linger.toNanos();
        // Nobody lingers for calls that there are not.
        while (batch.size() < most && batch.size() < underWay.getAsInt()) {
            Pending next = queue.poll(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS);
            if (next == null) {
                break;
            }
            batch.add(next);
        }
    }

    private void commit(List<Pending> batch, long deadline) {
        long id = LeaseId.random().value();
        boolean unknown = false;
        Throwable failure = null;
        while (deadline - System.nanoTime() > 0) {
            CommitWriter.Written written;
            try {
                written = unknown ? writer.reread(id, batch) : writer.write(id, batch, doubts.leases());
            } catch (Database.OutcomeUnknown e) {
                // From now on the first question is whether that commit is durable.
                LOG.warnf("the database did not confirm commit %x of %d calls; asking it", id, batch.size());
                unknown = true;
                failure = e;
                pause();
                continue;
            } catch (RuntimeException | Error e) {
                failure = e;
                if (!unknown && !(e instanceof Database.Failed failed && failed.isPassing())) {
                    break;
                }
                pause();
                continue;
            }
            if (unknown && written.free() == batch.size()) {
                // Certain by now that it was not made, so it may be made.
                unknown = false;
                continue;
            }
            // Not within the try: what is durable is never written again.
            finish(batch, written);
            return;
        }
        if (unknown) {
            LOG.errorf(failure, "it is not known whether commit %x is durable; its calls were answered so: %s", id,
                    receipts(batch));
            doubt(id, batch);
            abandon(batch);
        } else if (batch.size() > 1 && deadline - System.nanoTime() > 0) {
            // One bad charge must not fail its neighbours; by halves, since they all wait.
            commit(batch.subList(0, batch.size() / 2), deadline);
            commit(batch.subList(batch.size() / 2, batch.size()), deadline);
        } else {
            LOG.errorf(failure, "commit %x failed, so these calls were not charged: %s", id, receipts(batch));
            fail(batch, NotCharged.failed());
        }
    }

    /** What a retry with its Idempotency-Key gets an answer for stays charged. */
    private void doubt(long commit, List<Pending> batch) {
        List<CallCharge> unanswered = batch.stream().filter(call -> call.replay() == null || !call.replay().hasAnswer())
                .map(CallCharge::of).toList();
        if (!unanswered.isEmpty()) {
            doubts.add(new Doubts.Doubt(commit, unanswered));
        }
    }

    private void finish(List<Pending> batch, CommitWriter.Written written) {
        for (Pending pending : batch) {
            if (written.lost().contains(pending)) {
                pending.reservation.abandon();
                fail(List.of(pending), NotCharged.fenced());
            } else if (written.overtaken().contains(pending)) {
                fail(List.of(pending), NotCharged.overtaken());
            } else {
                confirmed.add(pending.reservation.lease().id().value());
                try {
                    pending.reservation.end(pending.amount);
                } finally {
                    pending.done.complete(new Charged(pending.reservation.receipt(), pending.amount));
                }
            }
        }
    }

    private static void fail(List<Pending> batch, NotCharged answer) {
        for (Pending pending : batch) {
            try {
                pending.reservation.end(null);
            } finally {
                pending.done.completeExceptionally(answer);
            }
        }
    }

    /**
     * Whether the money is gone is for the database to say; until then it counts as gone, and nothing is spent from the lease.
     */
    private static void abandon(List<Pending> batch) {
        for (Pending pending : batch) {
            pending.reservation.abandon();
            pending.reservation.end(pending.amount);
            pending.done.completeExceptionally(NotCharged.unknown(pending.reservation.receipt()));
        }
    }

    private static String receipts(List<Pending> batch) {
        return batch.stream().map(pending -> pending.reservation.receipt().toString()).collect(Collectors.joining(" "));
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE);
        } catch (InterruptedException e) {
            // Nobody has a reason to interrupt this thread, and its calls must get an answer.
        }
    }
}
