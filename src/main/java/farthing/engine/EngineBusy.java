package farthing.engine;

import java.time.Duration;
import java.util.Optional;

import farthing.web.Problem;

/** Too many calls are before this one. */
public class EngineBusy extends Problem {

    private final Duration retryAfter;

    EngineBusy(String who) {
        this(who, Duration.ofSeconds(2));
    }

    EngineBusy(String who, Duration retryAfter) {
        super(503, "engine_busy", who + " has as many calls as it can take. Try again in a moment.");
        this.retryAfter = retryAfter;
    }

    @Override
    public Optional<Duration> retryAfter() {
        return Optional.of(retryAfter);
    }
}
