package farthing.metering;

import java.time.Duration;
import java.util.Optional;

import farthing.web.Problem;

class CallUnderWay extends Problem {

    CallUnderWay() {
        super(409, "call_under_way", "The first call with this Idempotency-Key has not ended yet. Ask again shortly.");
    }

    @Override
    public Optional<Duration> retryAfter() {
        return Optional.of(Duration.ofSeconds(1));
    }
}
