package farthing.inference;

import java.time.Duration;
import java.util.Optional;

import farthing.web.Problem;

/** This server stops, and the call would outlast it. */
class ServerStopping extends Problem {

    ServerStopping() {
        super(503, "server_stopping", "This server is being stopped and broke the call off; it was not charged. Try again.");
    }

    @Override
    public Optional<Duration> retryAfter() {
        return Optional.of(Duration.ofSeconds(1));
    }
}
