package farthing.identity;

import org.jspecify.annotations.Nullable;

/**
 * How much a key may ask for at a time, over all servers. Null: no limit of its own.
 *
 * @param requestsPerMinute ≥ 1, as are the others
 * @param tokensPerMinute input and output together
 * @param streams that may be open at once
 */
public record RateLimits(@Nullable Integer requestsPerMinute, @Nullable Integer tokensPerMinute, @Nullable Integer streams) {

    public static final RateLimits NONE = new RateLimits(null, null, null);

    public boolean any() {
        return requestsPerMinute != null || tokensPerMinute != null || streams != null;
    }
}
