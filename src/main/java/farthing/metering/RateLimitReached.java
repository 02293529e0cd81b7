package farthing.metering;

import java.time.Duration;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

import farthing.web.Formats;
import farthing.web.Problem;

/** The key's limit of a minute, or of what is open at once, does not allow this call now. */
class RateLimitReached extends Problem {

    private final @Nullable Duration wait;

    private RateLimitReached(String message, @Nullable Duration wait) {
        super(429, "rate_limit_exceeded", message);
        this.wait = wait;
    }

    static RateLimitReached requests(long limit, Duration wait) {
        return new RateLimitReached(
                "This API key may make " + Formats.grouped(limit) + " requests a minute, and they are used up."
                        + again(wait) + RAISE,
                wait);
    }

    static RateLimitReached tokens(long limit, long wanted, long left, Duration wait) {
        return new RateLimitReached("This call may take " + Formats.grouped(wanted) + " tokens, and of the "
                + Formats.grouped(limit) + " that this API key may take a minute " + Formats.grouped(left) + " are left."
                + again(wait) + RAISE, wait);
    }

    /** Waiting would not help. */
    static RateLimitReached tooLarge(long limit, long wanted) {
        return new RateLimitReached("This call may take " + Formats.grouped(wanted) + " tokens, more than the "
                + Formats.grouped(limit) + " that this API key may take in a whole minute. Send less, lower max_tokens,"
                + " or raise the limit at /keys.", null);
    }

    static RateLimitReached streams(long limit) {
        Duration wait = Duration.ofSeconds(1);
        return new RateLimitReached("This API key may have " + Formats.grouped(limit) + (limit == 1 ? " stream" : " streams")
                + " open at once, and as many are. Try again when one has ended; the limit can be raised at /keys.", wait);
    }

    private static final String RAISE = " The limit can be raised at /keys.";

    private static String again(Duration wait) {
        long seconds = seconds(wait);
        return " Try again in " + seconds + (seconds == 1 ? " second." : " seconds.");
    }

    private static long seconds(Duration wait) {
        return Math.max(1, wait.plusMillis(999).toSeconds());
    }

    @Override
    public Optional<Duration> retryAfter() {
        return Optional.ofNullable(wait).map(time -> Duration.ofSeconds(seconds(time)));
    }
}
