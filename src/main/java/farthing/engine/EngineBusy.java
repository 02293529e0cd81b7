package farthing.engine;

import java.time.Duration;
import java.util.Optional;

import farthing.web.Problem;

/** Too many calls are before this one. */
public class EngineBusy extends Problem {

    EngineBusy(String who) {
        super(503, "engine_busy", who + " has as many calls as it can take. Try again in a moment.");
    }

    @Override
    public Optional<Duration> retryAfter() {
        return Optional.of(Duration.ofSeconds(2));
    }
}
