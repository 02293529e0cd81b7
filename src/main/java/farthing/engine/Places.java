package farthing.engine;

import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

/**
 * Places that calls share, such as those of a model's worker. Who finds none free waits in the queue of its key, and a
 * place that is given back goes to a key that holds the fewest; among such, in turn. So a key that floods waits behind
 * itself: another key's first call waits for no more places than there are keys like it, however long the flood's queue
 * is. Where there are many places, one in sixteen is for keys that hold none: calls that began together often end
 * together, and then the wait for the next place to be given back is that for a whole call.
 */
public final class Places {

    private enum State {
        OUTSIDE,
        INSIDE,
        WAITING,
        GRANTED,
        /** Made room for a key that has fewer calls here. */
        PUT_OUT,
        GAVE_UP
    }

    /** All calls inside with the same key. */
    private static final class Key {
        final Object of;
        final SequencedSet<Stay> waiting = new LinkedHashSet<>();
        int inside;
        int running;

        Key(Object of) {
            this.of = of;
        }
    }

    private static final int PLACES_FOR_ONE_SET_ASIDE = 16;

    private final String what;
    /** How many only a key takes that holds none. */
    private final int setAside;
    private final int mostOfKey;
    private final int most;
    private final Duration longest;
    private final Executor waker;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Object, Key> keys = new HashMap<>();
    /** The keys that wait, in turn. */
    private final SequencedSet<Key> ring = new LinkedHashSet<>();
    private int free;
    private int inside;

    /**
     * @param what they are of, as a sentence begins: {@code This model}
     * @param atOnce how many there are
     * @param ofKey how many more calls of one key may wait
     * @param inAll how many more calls of all keys may wait
     * @param longest how long each
     */
    Places(String what, int atOnce, int ofKey, int inAll, Duration longest) {
        this(what, atOnce, ofKey, inAll, longest, Runnable::run);
    }

    /**
     * @param waker wakes those who wait. Where calls do nothing but compute it has to be a thread of its own: a virtual thread
     *        that wakes another puts it before all that come from outside, until nobody waits here any more
     */
    public Places(String what, int atOnce, int ofKey, int inAll, Duration longest, Executor waker) {
        this.what = what;
        this.free = atOnce;
        this.setAside = atOnce / PLACES_FOR_ONE_SET_ASIDE;
        this.mostOfKey = atOnce + ofKey;
        this.most = atOnce + Math.max(ofKey, inAll);
        this.longest = longest;
        this.waker = waker;
    }

    static Places ofModel(int atOnce, EngineSettings settings) {
        return new Places("This model", atOnce, settings.queue(), settings.queueInAll(), settings.queueTime());
    }

    /**
     * Does the work in a place, where it should wait for nothing.
     *
     * @throws TooManyWaiting if too many calls of this key wait
     * @throws EngineBusy if there is no room, or it waits in vain
     * @throws CallerLeft if the call is given up while it waits
     */
    public <T> T inTurn(OnBehalf who, Supplier<T> work) {
        Stay stay = stay(who);
        stay.enter();
        try {
            stay.take();
            try {
                return work.get();
            } finally {
                stay.giveBack();
            }
        } finally {
            stay.leave();
        }
    }

    /** Of one call that is still outside. */
    Stay stay(OnBehalf who) {
        return new Stay(who);
    }

    /**
     * One call here: it enters, which bounds how many there are, takes a place when it is ready, gives that back and leaves.
     */
    final class Stay {

        private final OnBehalf who;
        private @Nullable Key key;
        private volatile State state = State.OUTSIDE;
        private volatile @Nullable Thread waiter;

        private Stay(OnBehalf who) {
            this.who = who;
        }

        /**
         * @throws TooManyWaiting if this key has as many calls inside as one may, or there is no room and no key has more
         * @throws EngineBusy if there is no room and this key has none inside
         */
        void enter() {
            locked(() -> {
                if (state != State.OUTSIDE) {
                    throw outOfOrder();
                }
                Key its = keys.computeIfAbsent(who.key(), Key::new);
                if (its.inside >= mostOfKey || inside >= most && !makeRoom(its)) {
                    forget(its);
                    throw its.inside > 0 ? new TooManyWaiting(what, its.inside) : new EngineBusy(what);
                }
                its.inside++;
                inside++;
                key = its;
                state = State.INSIDE;
            });
        }

        /**
         * Waits for a place.
         *
         * @throws TooManyWaiting if another key needs the room
         * @throws EngineBusy if it waits in vain
         * @throws CallerLeft if the call is given up meanwhile
         */
        void take() {
            waiter = Thread.currentThread();
            ask();
            if (!granted()) {
                if (!who.stands(this)) {
                    giveUp();
                }
                try {
                    await();
                } finally {
                    who.standsNoLonger();
                }
            }
        }

        /** Gets a place now or later, without waiting for it here. */
        void ask() {
            locked(() -> {
                Key its = key(state == State.INSIDE);
                if (isFreeFor(its)) {
                    free--;
                    its.running++;
                    state = State.GRANTED;
                } else {
                    its.waiting.add(this);
                    ring.add(its);
                    state = State.WAITING;
                }
            });
        }

        boolean granted() {
            return state == State.GRANTED;
        }

        private void await() {
            long until = System.nanoTime() + longest.toNanos();
            long left = longest.toNanos();
            while (state == State.WAITING && left > 0 && !Thread.currentThread().isInterrupted()) {
                LockSupport.parkNanos(Places.this, left);
                left = until - System.nanoTime();
            }
            boolean inVain = end(State.GAVE_UP);
            if (state == State.PUT_OUT) {
                throw new TooManyWaiting(what, key == null ? 1 : key.inside);
            }
            if (inVain) {
                throw Thread.currentThread().isInterrupted() ? new EngineFailed("the call was interrupted.")
                        : new EngineBusy(what);
            }
            if (state != State.GRANTED) {
                throw new CallerLeft();
            }
        }

        /** From any thread: waits no longer and frees its spot at once. */
        void giveUp() {
            end(State.GAVE_UP);
        }

        /** @return whether it waited until now */
        private boolean end(State how) {
            lock.lock();
            try {
                Key its = key;
                if (state != State.WAITING || its == null) {
                    return false;
                }
                its.waiting.remove(this);
                if (its.waiting.isEmpty()) {
                    ring.remove(its);
                }
                settle(how);
                return true;
            } finally {
                lock.unlock();
            }
        }

        private void settle(State how) {
            state = how;
            Thread waits = waiter;
            if (waits != null) {
                waker.execute(() -> LockSupport.unpark(waits));
            }
        }

        /** Ends what {@link #take} began. */
        void giveBack() {
            locked(() -> {
                Key its = key(state == State.GRANTED);
                state = State.INSIDE;
                its.running--;
                free++;
                if (!ring.isEmpty()) {
                    grantNext();
                }
            });
        }

        /** Ends what {@link #enter} began. */
        void leave() {
            locked(() -> {
                Key its = key(state != State.WAITING && state != State.GRANTED);
                state = State.OUTSIDE;
                its.inside--;
                inside--;
                forget(its);
                key = null;
            });
        }

        private Key key(boolean inOrder) {
            Key its = key;
            if (its == null || !inOrder) {
                throw outOfOrder();
            }
            return its;
        }

        private IllegalStateException outOfOrder() {
            return new IllegalStateException("a call that is " + state + " cannot do that");
        }
    }

    /**
     * Puts out the newest call of the key with the most that wait, if it has more inside than the one that comes would have.
     */
    private boolean makeRoom(Key comer) {
        Optional<Key> longestQueue = ring.stream().max(Comparator.comparingInt(key -> key.waiting.size()));
        return longestQueue.isPresent() && longestQueue.get().inside > comer.inside + 1
                && longestQueue.get().waiting.getLast().end(State.PUT_OUT);
    }

    private boolean isFreeFor(Key key) {
        return free > (key.running == 0 ? 0 : setAside);
    }

    private void grantNext() {
        Key key = next();
        if (!isFreeFor(key)) {
            return;
        }
        free--;
        ring.remove(key);
        Stay first = key.waiting.removeFirst();
        if (!key.waiting.isEmpty()) {
            ring.addLast(key);
        }
        key.running++;
        first.settle(State.GRANTED);
    }

    /** No more keys than there are places hold one, so it passes over no more than those. */
    private Key next() {
        Iterator<Key> each = ring.iterator();
        Key fewest = each.next();
        while (fewest.running > 0 && each.hasNext()) {
            Key other = each.next();
            if (other.running < fewest.running) {
                fewest = other;
            }
        }
        return fewest;
    }

    private void forget(Key key) {
        if (key.inside == 0) {
            keys.remove(key.of);
        }
    }

    private void locked(Runnable change) {
        lock.lock();
        try {
            change.run();
        } finally {
            lock.unlock();
        }
    }

    boolean empty() {
        return busy() == 0;
    }

    /** How many run or wait. */
    public int busy() {
        lock.lock();
        try {
            return inside;
        } finally {
            lock.unlock();
        }
    }
}
