package farthing.metering;

import java.time.Duration;
import java.util.Optional;

import farthing.web.Problem;

/** What other servers use of the key's limits cannot be told now. */
class RatesUnavailable extends Problem {

    RatesUnavailable() {
        super(503, "limits_unavailable",
                "What is left of this API key's limits cannot be told at this moment, so the call was not"
                        + " run and costs nothing. Try again shortly.");
    }

    @Override
    public Optional<Duration> retryAfter() {
        return Optional.of(Duration.ofSeconds(1));
    }
}
