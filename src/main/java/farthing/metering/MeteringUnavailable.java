package farthing.metering;

import java.time.Duration;
import java.util.Optional;

import farthing.web.Problem;

/** The database cannot say whether the call can be paid for, so it is not begun. */
class MeteringUnavailable extends Problem {

    MeteringUnavailable(RuntimeException cause) {
        super(503, "metering_unavailable",
                "The books cannot be reached at the moment, so this call was not begun and costs nothing. Try again shortly.",
                cause);
    }

    @Override
    public Optional<Duration> retryAfter() {
        return Optional.of(Duration.ofSeconds(2));
    }
}
