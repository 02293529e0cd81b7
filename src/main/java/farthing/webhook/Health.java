package farthing.webhook;

import java.time.Duration;
import java.time.Instant;

import org.jspecify.annotations.Nullable;

/**
 * Whether a webhook is sent anything.
 *
 * @param failingSince null while it takes what it is sent
 * @param failures in a row
 */
record Health(State state, @Nullable Instant failingSince, int failures) {

    enum State {
        ON,
        /** By its owner. */
        OFF,
        /** It took nothing for days. */
        FAILED,
        /** It said so itself. */
        GONE
    }

    /** Two failures that are days apart say little. */
    private static final int LEAST_FAILURES = 8;

    static final Health GOOD = new Health(State.ON, null, 0);

    /** @param patience after which an endpoint that takes nothing is given up */
    Health after(Outcome outcome, Instant now, Duration patience) {
        if (outcome.taken()) {
            return new Health(state, null, 0);
        }
        Instant since = failingSince == null ? now : failingSince;
        int more = failures + 1;
        if (state == State.ON && outcome.gone()) {
            return new Health(State.GONE, since, more);
        }
        boolean hopeless = more >= LEAST_FAILURES && !now.isBefore(since.plus(patience));
        return new Health(state == State.ON && hopeless ? State.FAILED : state, since, more);
    }

    Health switchedOff() {
        return new Health(State.OFF, failingSince, failures);
    }
}
