package farthing.metering;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

import io.github.bucket4j.Bandwidth;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.BucketConfiguration;
import io.github.bucket4j.TimeMeter;
import io.github.bucket4j.TokensInheritanceStrategy;
import io.github.bucket4j.local.SynchronizationStrategy;

/**
 * One limit of one key as this server sees it: what is left for all servers, and the part of that which is set aside for this
 * one. Guarded by its {@link KeyRate}.
 */
abstract sealed class Measure {

    /** Beyond any limit and any sum of limits that a key can have. */
    private static final long UNLIMITED = 1L << 40;

    long limit;
    /** May be used here before other servers are heard again. */
    private long aside;
    private long othersAside;
    /** Asked for beyond what is set aside. */
    private long wanted;
    private boolean idle = true;

    private Measure(long limit) {
        this.limit = limit;
    }

    /** What all servers together have not used, as far as is known here. */
    abstract long unused();

    /** What this server's account says: used since it began, or in use now. */
    abstract long account();

    abstract void use(long amount);

    abstract void unuse(long amount);

    /** What the others used since they were last heard; negative where they gave back. */
    abstract void usedByOthers(long amount);

    abstract void change(@Nullable Integer changed);

    /** How long until so much is there, if nobody takes it. */
    abstract Duration until(long amount);

    /** What a further call may still take: nobody has used it or set it aside. */
    final long left() {
        return Math.max(0, unused() - othersAside);
    }

    final boolean take(long amount) {
        if (amount > aside) {
            return false;
        }
        aside -= amount;
        idle = false;
        use(amount);
        return true;
    }

    /** Later than it was begun: it was used, whether or not that was foreseen. */
    final void takeAnyway(long amount) {
        aside = Math.max(0, aside - amount);
        use(amount);
    }

    /** Less was used than was taken. The difference stays here: the others know it as this server's. */
    final void giveBack(long amount) {
        unuse(amount);
        aside = Math.min(aside + amount, left());
    }

    final void want(long amount) {
        wanted += amount;
    }

    /**
     * Divides what is left anew: this server gets what was asked for and, unless nobody asks here, its part of the rest. One
     * part
     * stays for a server to come.
     */
    final void setAside(long setAsideByOthers, int otherServers) {
        othersAside = setAsideByOthers;
        long left = left();
        long part = idle && otherServers > 0 ? 0 : left / (otherServers + 2L);
        aside = Math.max(part, Math.min(wanted, left));
        wanted = 0;
        idle = true;
    }

    /** What is set aside was not told to the others, so none of it may be used. */
    final void setNothingAside() {
        aside = 0;
        wanted = 0;
    }

    final long aside() {
        return aside;
    }

    final boolean isLimited() {
        return limit != UNLIMITED;
    }

    /** So many units a minute: a bucket of that size that fills at that rate. */
    static final class Flow extends Measure {

        private final TimeMeter time;
        /** Null without a limit. */
        private @Nullable Bucket bucket;
        private long used;

        Flow(@Nullable Integer limit, TimeMeter time) {
            super(orUnlimited(limit));
            this.time = time;
            this.bucket = bucket();
        }

        private @Nullable Bucket bucket() {
            return limit == UNLIMITED ? null
                    : Bucket.builder().addLimit(bandwidth()).withCustomTimePrecision(time)
                            .withSynchronizationStrategy(SynchronizationStrategy.NONE).build();
        }

        private Bandwidth bandwidth() {
            return Bandwidth.builder().capacity(limit).refillGreedy(limit, Duration.ofMinutes(1)).build();
        }

        /** Begins an account, with what others say is left if that is less. */
        void begin(long level) {
            used = 0;
            usedByOthers(Math.max(0, unused() - level));
        }

        @Override
        long unused() {
            return bucket == null ? UNLIMITED : bucket.getAvailableTokens();
        }

        @Override
        long account() {
            return used;
        }

        @Override
        void use(long amount) {
            used += amount;
            usedByOthers(amount);
        }

        @Override
        void unuse(long amount) {
            used -= amount;
            usedByOthers(-amount);
        }

        @Override
        void usedByOthers(long amount) {
            if (bucket != null && amount > 0) {
                bucket.consumeIgnoringRateLimits(amount);
            } else if (bucket != null && amount < 0) {
                bucket.addTokens(-amount);
            }
        }

        @Override
        void change(@Nullable Integer changed) {
            long before = limit;
            limit = orUnlimited(changed);
            if (bucket == null || limit == UNLIMITED) {
                bucket = bucket();
            } else if (limit != before) {
                bucket.replaceConfiguration(BucketConfiguration.builder().addLimit(bandwidth()).build(),
                        TokensInheritanceStrategy.PROPORTIONALLY);
            }
        }

        @Override
        Duration until(long amount) {
            return bucket == null ? Duration.ZERO
                    : Duration.ofNanos(bucket.estimateAbilityToConsume(amount).getNanosToWaitForRefill());
        }

        /** How long until the bucket is full, if nobody takes anything. */
        Duration reset() {
            long missing = limit - unused();
            return missing <= 0 ? Duration.ZERO : Duration.ofMillis(Math.ceilDiv(missing * 60_000, limit));
        }
    }

    /** So many at once. */
    static final class Level extends Measure {

        private long here;
        private long elsewhere;

        Level(@Nullable Integer limit) {
            super(orUnlimited(limit));
        }

        /** Forgets what others have. */
        void begin() {
            elsewhere = 0;
        }

        @Override
        long unused() {
            return limit - here - elsewhere;
        }

        @Override
        long account() {
            return here;
        }

        @Override
        void use(long amount) {
            here += amount;
        }

        @Override
        void unuse(long amount) {
            here -= amount;
        }

        @Override
        void usedByOthers(long amount) {
            elsewhere += amount;
        }

        @Override
        void change(@Nullable Integer changed) {
            limit = orUnlimited(changed);
        }

        @Override
        Duration until(long amount) {
            return Duration.ofSeconds(1);
        }
    }

    private static long orUnlimited(@Nullable Integer limit) {
        return limit == null ? UNLIMITED : limit;
    }
}
