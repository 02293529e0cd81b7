package farthing.engine;

import org.jspecify.annotations.Nullable;

/**
 * For whom one call waits in queues. Calls with equal keys take turns with those of other keys as one, however many they are.
 * One
 * object per call; whoever gives it up leaves the queue that it stands in.
 */
public final class OnBehalf {

    private final Object key;
    private boolean left;
    private Places.@Nullable Stay stay;

    private OnBehalf(Object key) {
        this.key = key;
    }

    /** @param key has {@code equals}, e.g. the id of an API key */
    public static OnBehalf of(Object key) {
        return new OnBehalf(key);
    }

    /** A call of its own, as when a version is tried. */
    public static OnBehalf itself() {
        return new OnBehalf(new Object());
    }

    /** From any thread: the call waits no longer, now or later, and frees its spot at once. */
    public void leave() {
        Places.Stay standing;
        synchronized (this) {
            left = true;
            standing = stay;
        }
        if (standing != null) {
            standing.giveUp();
        }
    }

    Object key() {
        return key;
    }

    /** @return false if the call was given up before */
    synchronized boolean stands(Places.Stay in) {
        stay = in;
        return !left;
    }

    synchronized void standsNoLonger() {
        stay = null;
    }
}
