package farthing.identity;

import java.time.Duration;
import java.util.Optional;

import farthing.web.Problem;

/** Whether a key still holds cannot be told now. */
class KeysUnavailable extends Problem {

    KeysUnavailable(Throwable cause) {
        super(503, "keys_unavailable",
                "The API key cannot be checked at this moment, so the call was not run and costs nothing."
                        + " Try again shortly.",
                cause);
    }

    @Override
    public Optional<Duration> retryAfter() {
        return Optional.of(Duration.ofSeconds(1));
    }
}
