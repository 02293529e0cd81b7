package farthing.engine;

import java.time.Duration;
import java.util.Optional;

import farthing.web.Problem;

/** One key has so many calls waiting that others would be kept from waiting too. */
public final class TooManyWaiting extends Problem {

    private static final Duration RETRY_AFTER = Duration.ofSeconds(2);

    /** @param who as a sentence begins @param inside the key's calls that run or wait there */
    TooManyWaiting(String who, int inside) {
        super(429, "too_many_waiting", who + " has " + inside + (inside == 1 ? " call" : " calls")
                + " of this key to answer already and takes no more of them. Send fewer at once, or try again in a moment.");
    }

    @Override
    public Optional<Duration> retryAfter() {
        return Optional.of(RETRY_AFTER);
    }
}
