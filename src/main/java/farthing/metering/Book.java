package farthing.metering;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongFunction;

import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

import farthing.money.Amount;
import farthing.web.Problem;

/**
 * One budget as this instance draws on it: the allowance that is open, and how it is refilled. Most calls find what they need
 * in
 * the allowance. Whoever does not asks the budget, then the other instances for what lies free there, and only then is refused.
 */
abstract class Book<A extends Allowance> {

    private static final Logger LOG = Logger.getLogger(Book.class);

    private static final Duration BUSY = Duration.ofSeconds(1);
    private static final int LARGEST_GROWTH = 1 << 10;

    /**
     * What the budget gave.
     *
     * @param of the allowance that was open, or a new one
     */
    record Grant<A extends Allowance>(A of, Amount amount) {
    }

    /** What became of asking the other instances. */
    enum Asked {
        NOTHING_ELSEWHERE,
        ANSWERED,
        /** One that has something of it did not answer in time; it may be dead and not recovered yet. */
        UNANSWERED
    }

    /** @param at when it was looked for, by {@link System#nanoTime()} */
    private record Refusal(long at, Amount least, boolean unanswered) {
    }

    /** @param began when it was noticed: whoever came before that has waited for the same */
    private record Outage(long began, RuntimeException failure) {
    }

    private final Clock clock;
    private final ReentrantLock refill = new ReentrantLock();
    /**
     * Held while the row of the open allowance changes, so that at any other time both say the same. Not the
     * other lock: under that one a call waits for instances, which may be waiting for this one's answer.
     */
    private final ReentrantLock changing = new ReentrantLock();
    /** A change of a row was not confirmed. No less is granted there than here, so spending goes on. */
    private volatile boolean inDoubt;
    private final AtomicBoolean refillingAhead = new AtomicBoolean();
    private volatile @Nullable A open;
    private volatile boolean gathering;
    private volatile Amount lowWater = Amount.ZERO;
    private volatile long notAheadBefore = System.nanoTime();
    private @Nullable Refusal refused;
    private @Nullable Outage lastOutage;
    private long grownAt = System.nanoTime() - BUSY.toNanos();
    private int growth = 1;

    Book(Clock clock) {
        this.clock = clock;
    }

    /**
     * Moves something from the budget to an allowance, durably. Called under the lock.
     *
     * @param least null is returned, and nothing is moved, where there is less
     * @param wanted as much of it as there is
     * @param growth how many times the usual chunk may be taken where the budget has plenty
     * @param ahead whether nobody waits for it, so that nothing is taken where the budget has little
     */
    abstract @Nullable Grant<A> grant(@Nullable A open, Amount least, Amount wanted, int growth, boolean ahead);

    /**
     * What the open allowance's row says is granted, after any change that was under way; null when it is
     * gone. Ends this instance's other rows of the budget: those are grants that were not confirmed.
     */
    abstract @Nullable Amount reread(@Nullable A open);

    /** Has other instances return what is free in their allowances of this budget. */
    abstract Asked askOthers();

    /** Ends the row of an allowance that is closed here. */
    abstract void end(A closed);

    abstract Problem exhausted(Amount least, Amount available);

    abstract Problem heldElsewhere(Amount least);

    @Nullable
    A open() {
        return open;
    }

    boolean hasOpen(LeaseId id) {
        A allowance = open;
        return allowance != null && allowance.id().equals(id);
    }

    /** Its row is gone. */
    synchronized void forget(LeaseId closed) {
        if (hasOpen(closed)) {
            open = null;
        }
    }

    /**
     * Whether no call here draws on the allowance from now on: an idle one is closed, and another than the open one
     * belongs to nobody, left over by an unknown outcome. Told under the lock and by no clock: what is just being granted
     * has its row already and is not open yet, and then this says no.
     */
    boolean letsGo(LeaseId id, Duration idle, Instant now) {
        if (!refill.tryLock()) {
            return false;
        }
        try {
            A mine = open;
            return mine == null || !mine.id().equals(id) || !mine.isOpen() || mine.closeIfIdle(idle, now);
        } finally {
            refill.unlock();
        }
    }

    /** Whether a call is putting together what it needs and must not lose what it has. */
    boolean isGathering() {
        return gathering;
    }

    /**
     * Holds {@code wanted}, or less where the budget has less, but never less than {@code least}.
     *
     * @throws Problem when not even {@code least} is to be had
     */
    Hold<A> hold(Amount least, Amount wanted) {
        A current = open;
        if (current != null && current.hold(wanted, clock.instant())) {
            if (current.free().isLessThan(lowWater)) {
                refillAhead(wanted);
            }
            return new Hold<>(current, wanted);
        }
        return alone(arrived -> gather(least, wanted, arrived));
    }

    /**
     * One at a time, and not at all when the database failed whoever went before.
     *
     * @param work is told when the caller came, by {@link System#nanoTime()}
     */
    <T> T alone(LongFunction<T> work) {
        long arrived = System.nanoTime();
        refill.lock();
        try {
            Outage outage = lastOutage;
            if (outage != null && outage.began - arrived > 0) {
                // Somebody has just waited in vain for the database; a queue of those who do so one by one would never end.
                throw outage.failure;
            }
            return work.apply(arrived);
        } catch (Database.Failed | Database.OutcomeUnknown e) {
            lastOutage = lastOutage != null && lastOutage.failure == e ? lastOutage : new Outage(System.nanoTime(), e);
            throw e;
        } finally {
            gathering = false;
            refill.unlock();
        }
    }

    private Hold<A> gather(Amount least, Amount wanted, long arrived) {
        Asked asked = null;
        long began = System.nanoTime();
        while (true) {
            reconcile();
            A mine = usable();
            if (mine != null && mine.hold(wanted, clock.instant())) {
                return new Hold<>(mine, wanted);
            }
            Amount own = mine == null ? Amount.ZERO : mine.free();
            boolean looked = wasRefusedSince(arrived, least);
            // Others hold from the allowance meanwhile, so what was just granted may be gone again.
            if (!looked && grow(mine, least.minus(own).max(Amount.ZERO), wanted.minus(own).max(Amount.ZERO), false)) {
                continue;
            }
            Amount rest = mine == null ? null : mine.holdUpTo(wanted, least, clock.instant());
            if (mine != null && rest != null) {
                return new Hold<>(mine, rest);
            }
            if (mine != null && !mine.isOpen() || inDoubt) {
                continue;
            }
            if (!looked && asked == null) {
                gathering = true;
                asked = askOthers();
                if (asked != Asked.NOTHING_ELSEWHERE) {
                    continue;
                }
            }
            Refusal refusal = looked ? Objects.requireNonNull(refused)
                    : new Refusal(began, least, asked == Asked.UNANSWERED);
            refused = refusal;
            throw refusal.unanswered ? heldElsewhere(least) : exhausted(least, own);
        }
    }

    /** Whether another call looked everywhere after this one came, for no more than this one needs, and in vain. */
    private boolean wasRefusedSince(long arrived, Amount least) {
        Refusal last = refused;
        return last != null && last.at - arrived > 0 && !least.isLessThan(last.least);
    }

    /** The open allowance; one that was closed gives back first, or the budget would look emptier than it is. */
    private @Nullable A usable() {
        A mine = open;
        if (mine != null && !mine.isOpen()) {
            end(mine);
            forget(mine.id());
            return null;
        }
        return mine;
    }

    private boolean grow(@Nullable A mine, Amount least, Amount wanted, boolean ahead) {
        changing.lock();
        try {
            Grant<A> grant = grant(mine, least, wanted, growthNow(), ahead);
            if (grant == null) {
                return false;
            }
            adopt(mine, grant);
            return true;
        } catch (Database.OutcomeUnknown e) {
            inDoubt = true;
            throw e;
        } finally {
            changing.unlock();
        }
    }

    /**
     * Takes out of the open allowance what no call holds.
     *
     * @param id nothing is taken out of another one
     * @param write takes as much out of its row, in one transaction
     */
    void giveBack(LeaseId id, Consumer<Amount> write) {
        changing.lock();
        try {
            reconcile();
            A mine = open;
            A allowance = mine != null && mine.id().equals(id) ? mine : null;
            Amount free = allowance == null ? Amount.ZERO : allowance.takeFree();
            try {
                write.accept(free);
            } catch (Database.OutcomeUnknown e) {
                // Others may have it by now; the row will tell.
                inDoubt = true;
                throw e;
            } catch (Throwable e) {
                if (allowance != null) {
                    allowance.grow(free);
                }
                throw e;
            }
        } finally {
            changing.unlock();
        }
    }

    /** After an unknown outcome it is for the row to say what is granted. */
    private void reconcile() {
        if (!inDoubt) {
            return;
        }
        changing.lock();
        try {
            A mine = open;
            Amount durable = reread(mine);
            if (mine != null && durable != null) {
                mine.reconcile(durable);
            } else if (mine != null) {
                mine.abandon();
            }
            inDoubt = false;
        } finally {
            changing.unlock();
        }
    }

    private void adopt(@Nullable A mine, Grant<A> grant) {
        // Only what is durably taken from the budget may be held.
        grant.of.grow(grant.amount);
        if (mine != null && grant.of != mine) {
            // Somebody recovered the old one.
            mine.abandon();
        }
        lowWater = Amount.ofNanos(grant.amount.nanos() / 4);
        become(grant.of);
    }

    private synchronized void become(A allowance) {
        open = allowance;
    }

    /** A budget that is drawn on all the time is asked for more at a time, so that it is not asked all the time. */
    private int growthNow() {
        long now = System.nanoTime();
        growth = now - grownAt < BUSY.toNanos() ? Math.min(2 * growth, LARGEST_GROWTH) : Math.max(1, growth / 2);
        grownAt = now;
        return growth;
    }

    private void refillAhead(Amount wanted) {
        if (System.nanoTime() - notAheadBefore < 0 || !refillingAhead.compareAndSet(false, true)) {
            return;
        }
        Thread.startVirtualThread(() -> {
            try {
                if (refill.tryLock()) {
                    try {
                        refillNow(wanted);
                    } finally {
                        refill.unlock();
                    }
                }
            } catch (RuntimeException e) {
                // The call that needs it will ask again, and tell its caller what is wrong.
                LOG.debug("not refilled ahead of need", e);
            } finally {
                refillingAhead.set(false);
            }
        });
    }

    private void refillNow(Amount wanted) {
        reconcile();
        A mine = open;
        if (mine == null || !mine.isOpen()) {
            return;
        }
        if (!grow(mine, wanted, wanted, true)) {
            notAheadBefore = System.nanoTime() + BUSY.toNanos();
        }
    }
}
