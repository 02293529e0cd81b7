package farthing.catalog;

import java.time.Duration;
import java.util.Optional;

import farthing.web.Problem;

class TooManyPublications extends Problem {

    TooManyPublications() {
        super(429, "too_many_publications", "You have " + Publications.MOST_AT_ONCE
                + " publications under way, which is as many as there may be; wait for one to end.");
    }

    @Override
    public Optional<Duration> retryAfter() {
        return Optional.of(Duration.ofSeconds(10));
    }
}
