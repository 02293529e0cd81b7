package farthing.web;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

/**
 * Something a person can act on went wrong. Features throw a subclass that carries the values; {@code web} alone
 * turns it into a page, problem+json or an OpenAI error.
 *
 * <p>
 * The message is shown to the user: it says what is wrong and what to do, and never holds a secret, a prompt or an answer.
 */
public abstract class Problem extends RuntimeException {

    private final int status;
    private final String code;

    /**
     * @param status HTTP status of the answer
     * @param code stable machine-readable name in snake case, e.g. {@code model_not_found}
     */
    protected Problem(int status, String code, String message) {
        this(status, code, message, null);
    }

    protected Problem(int status, String code, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.status = status;
        this.code = code;
    }

    public int status() {
        return status;
    }

    public String code() {
        return code;
    }

    public String detail() {
        return String.valueOf(getMessage());
    }

    /** Name of the request parameter or form field at fault, where there is one. */
    public Optional<String> param() {
        return Optional.empty();
    }

    /** Everything that is wrong, where several fields can be; {@link #param} and {@link #detail} are those of the first. */
    public List<Fault> faults() {
        return List.of();
    }

    /** Where a person can go to put it right. */
    public Optional<NextStep> nextStep() {
        return Optional.empty();
    }

    /** How long the client should wait before it tries again, where trying again can help. */
    public Optional<Duration> retryAfter() {
        return Optional.empty();
    }
}
