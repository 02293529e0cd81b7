package farthing.webhook;

import java.time.Instant;

import org.jspecify.annotations.Nullable;

/**
 * One event on its way to one webhook.
 *
 * @param attempts in all
 * @param tries since it was last begun
 * @param nextAt null unless it is pending
 */
record Delivery(State state, int attempts, int tries, @Nullable Instant nextAt) {

    enum State {
        PENDING,
        DELIVERED,
        /** Given up; its owner may have it sent again. */
        FAILED
    }

    static Delivery begun(Instant now) {
        return new Delivery(State.PENDING, 0, 0, now);
    }

    /** @throws IllegalStateException when it has ended */
    Delivery after(Outcome outcome, Instant now, Retries retries) {
        if (state != State.PENDING) {
            throw new IllegalStateException("nothing is sent for a delivery that is " + state);
        }
        if (outcome.taken()) {
            return new Delivery(State.DELIVERED, attempts + 1, tries + 1, null);
        }
        Instant next = outcome.gone() ? null : retries.pause(tries + 1, outcome.retryAfter()).map(now::plus).orElse(null);
        return new Delivery(next == null ? State.FAILED : State.PENDING, attempts + 1, tries + 1, next);
    }

    /** All over again, under the same id; at once, too, where it only waits. */
    Delivery again(Instant now) {
        return new Delivery(State.PENDING, attempts, 0, now);
    }
}
