package farthing.engine;

import java.time.Duration;
import java.util.Optional;

import farthing.web.Problem;

/** The version's engine cannot be started now. */
public class EngineUnavailable extends Problem {

    private final Duration retryAfter;

    EngineUnavailable(String why, Duration retryAfter) {
        super(503, "engine_unavailable", "The model cannot be run now: " + why);
        this.retryAfter = retryAfter;
    }

    @Override
    public Optional<Duration> retryAfter() {
        return Optional.of(retryAfter);
    }
}
