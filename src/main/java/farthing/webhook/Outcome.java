package farthing.webhook;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

/**
 * What came of sending once.
 *
 * @param status null when no answer came
 * @param fault why it was not taken, as the rest of a sentence that begins with "the endpoint"; null when it was
 * @param answer the beginning of the answer's body
 * @param retryAfter how long the endpoint wants to be left alone; null when it did not say
 */
record Outcome(@Nullable Integer status, @Nullable String fault, String answer, @Nullable Duration retryAfter, Duration took) {

    private static final int GONE = 410;

    static Outcome unanswered(String fault, Duration took) {
        return new Outcome(null, fault, "", null, took);
    }

    static Outcome answered(int status, String answer, @Nullable Duration retryAfter, Duration took) {
        return new Outcome(status, status / 100 == 2 ? null : fault(status), answer, retryAfter, took);
    }

    private static String fault(int status) {
        return switch (status / 100) {
            case 3 -> "leads to another address (" + status + "), which is not followed";
            default -> status == GONE ? "says that it is gone (410)" : "answered with status " + status;
        };
    }

    boolean taken() {
        return fault == null;
    }

    boolean gone() {
        return status != null && status == GONE;
    }
}
