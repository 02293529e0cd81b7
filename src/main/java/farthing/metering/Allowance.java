package farthing.metering;

import java.time.Duration;
import java.time.Instant;

import org.jspecify.annotations.Nullable;

import farthing.money.Amount;

/**
 * Money of a budget that this instance alone may spend, as its one writer sees it: {@code used + held ≤ granted}. The
 * database row knows granted and used; holds live here only and end with the process.
 */
abstract sealed class Allowance permits Lease, KeyLease {

    private enum State {
        OPEN,
        CLOSED
    }

    private final LeaseId id;
    private State state = State.OPEN;
    private Amount granted = Amount.ZERO;
    private Amount used = Amount.ZERO;
    private Amount held = Amount.ZERO;
    private Instant lastUsed;

    Allowance(LeaseId id, Instant now) {
        this.id = id;
        this.lastUsed = now;
    }

    LeaseId id() {
        return id;
    }

    synchronized boolean isOpen() {
        return state == State.OPEN;
    }

    synchronized Amount free() {
        return state == State.OPEN ? granted.minus(used).minus(held) : Amount.ZERO;
    }

    /** Holds the amount if that much is free. */
    synchronized boolean hold(Amount amount, Instant now) {
        if (free().isLessThan(amount) || state != State.OPEN) {
            return false;
        }
        held = held.plus(amount);
        lastUsed = now;
        return true;
    }

    /** Holds what is free, at most {@code most}; null where that is less than {@code least}. */
    synchronized @Nullable Amount holdUpTo(Amount most, Amount least, Instant now) {
        Amount amount = free().min(most);
        return !amount.isLessThan(least) && hold(amount, now) ? amount : null;
    }

    synchronized void grow(Amount amount) {
        granted = granted.plus(amount);
    }

    /** As much is granted as its row says. */
    synchronized void reconcile(Amount durable) {
        granted = durable;
    }

    /** Takes out what no call holds; from now on it is not spent from here. */
    synchronized Amount takeFree() {
        Amount free = free();
        granted = granted.minus(free);
        return free;
    }

    /** A hold ends and what the call cost stays used. */
    synchronized void settle(Amount hold, Amount charge) {
        if (hold.isLessThan(charge)) {
            throw new IllegalStateException("charge " + charge + " exceeds the " + hold + " held on lease " + id);
        }
        release(hold);
        used = used.plus(charge);
    }

    /** A hold ends without a charge. */
    synchronized void release(Amount hold) {
        if (held.isLessThan(hold)) {
            throw new IllegalStateException("lease " + id + " holds " + held + ", not " + hold);
        }
        held = held.minus(hold);
    }

    /** No new hold from now on; false while calls still hold something or the last one came less than so long ago. */
    synchronized boolean closeIfIdle(Duration idle, Instant now) {
        if (lastUsed.isAfter(now)) {
            // The clock was set back; what is idle must not wait until it has caught up.
            lastUsed = now;
        }
        if (state != State.OPEN || !held.isZero() || lastUsed.isAfter(now.minus(idle))) {
            return false;
        }
        state = State.CLOSED;
        return true;
    }

    /** Fenced, or the outcome of a commit on it is unknown: nothing more is spent from here, whatever calls still hold. */
    synchronized void abandon() {
        state = State.CLOSED;
    }
}
