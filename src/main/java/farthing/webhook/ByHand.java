package farthing.webhook;

import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;

import farthing.identity.AccountId;
import farthing.web.Problem;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import io.github.bucket4j.TimeMeter;

/**
 * What accounts have sent by hand, tests and deliveries again: a few a minute on each server, since each is a request to an
 * address of the account's choosing.
 */
final class ByHand {

    static final int A_MINUTE = 10;
    private static final Duration MINUTE = Duration.ofMinutes(1);

    static final class TooMany extends Problem {

        private final Duration after;

        private TooMany(Duration after) {
            super(429, "too_many_by_hand", "An account may have " + A_MINUTE
                    + " tests and deliveries sent by hand in a minute. Try again in " + after.toSeconds() + " s.");
            this.after = after;
        }

        @Override
        public Optional<Duration> retryAfter() {
            return Optional.of(after);
        }
    }

    /** Full again by the time it is forgotten. */
    private final LoadingCache<AccountId, Bucket> buckets;

    ByHand(Clock clock) {
        TimeMeter time = new TimeMeter() {
            @Override
            public long currentTimeNanos() {
                return TimeUnit.MILLISECONDS.toNanos(clock.millis());
            }

            @Override
            public boolean isWallClockBased() {
                return true;
            }
        };
        buckets = Caffeine.newBuilder().expireAfterAccess(MINUTE.plusSeconds(10))
                .build(_ -> Bucket.builder().addLimit(limit -> limit.capacity(A_MINUTE).refillIntervally(A_MINUTE, MINUTE))
                        .withCustomTimePrecision(time).build());
    }

    /** @throws TooMany saying when there is another */
    void take(AccountId account) {
        ConsumptionProbe probe = buckets.get(account).tryConsumeAndReturnRemaining(1);
        if (!probe.isConsumed()) {
            throw new TooMany(Duration.ofSeconds(1 + Duration.ofNanos(probe.getNanosToWaitForRefill()).toSeconds()));
        }
    }
}
