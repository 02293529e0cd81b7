package farthing.webhook;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

import org.jspecify.annotations.Nullable;

/** When a delivery that was not taken is tried again. */
final class Retries {

    /** An endpoint that wants to be left alone for longer is asked again all the same. */
    private static final Duration LONGEST = Duration.ofHours(12);
    /** A pause is longer by up to this part of it, so that what failed together does not come again together. */
    private static final int SPREAD = 5;

    private final List<Duration> pauses;
    private final RandomGenerator random;

    Retries(List<Duration> pauses, RandomGenerator random) {
        this.pauses = List.copyOf(pauses);
        this.random = random;
    }

    /**
     * @param tries how many there were, from 1
     * @param retryAfter as the endpoint told it
     * @return empty when there were enough
     */
    Optional<Duration> pause(int tries, @Nullable Duration retryAfter) {
        if (tries > pauses.size()) {
            return Optional.empty();
        }
        Duration pause = pauses.get(tries - 1);
        Duration spread = pause.plusMillis(random.nextLong(pause.toMillis() / SPREAD + 1));
        Duration told = retryAfter == null ? Duration.ZERO : retryAfter.compareTo(LONGEST) > 0 ? LONGEST : retryAfter;
        return Optional.of(told.compareTo(spread) > 0 ? told : spread);
    }
}
