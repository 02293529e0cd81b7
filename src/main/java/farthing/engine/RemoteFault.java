package farthing.engine;

import java.io.IOException;
import java.time.Duration;

import farthing.web.Problem;

/** What a remote endpoint did wrong. It names neither the endpoint's address nor its secret, nor anything that it said. */
final class RemoteFault extends IOException {

    enum Kind {
        /** It refuses what the caller asks for. */
        REFUSED,
        BUSY,
        /** It cannot be asked at all. */
        AWAY,
        FAILED
    }

    private final Kind kind;
    private final String what;
    private final Duration retryAfter;

    private RemoteFault(Kind kind, String what, Duration retryAfter) {
        super(what);
        this.kind = kind;
        this.what = what;
        this.retryAfter = retryAfter;
    }

    /** @param what goes on after "the endpoint" */
    static RemoteFault failed(String what) {
        return new RemoteFault(Kind.FAILED, what, Duration.ZERO);
    }

    static RemoteFault away(String what, Duration retryAfter) {
        return new RemoteFault(Kind.AWAY, what, retryAfter);
    }

    static RemoteFault garbage() {
        return failed("sent something that is no answer in OpenAI's form");
    }

    static RemoteFault brokeOff() {
        return failed("broke off in the middle of its answer");
    }

    static RemoteFault silent(Duration silence) {
        return failed("sent nothing for " + silence.toSeconds() + " s");
    }

    /** @param retryAfter as the endpoint told it */
    static RemoteFault ofStatus(int status, Duration retryAfter) {
        if (status >= 300 && status < 400) {
            return away("leads to another address, which is not followed", Duration.ofMinutes(1));
        }
        return switch (status) {
            case 400, 413, 422 -> new RemoteFault(Kind.REFUSED,
                    "refused the request (" + status + "): it may be too long for it, or ask for a setting it does not know",
                    Duration.ZERO);
            case 401, 403 ->
                away("does not accept the secret that it is asked with (" + status + "); its developer must replace"
                        + " it", Duration.ofMinutes(1));
            case 404, 405 -> away("does not know its model, or not this kind of call (" + status + ")", Duration.ofMinutes(1));
            case 429 -> new RemoteFault(Kind.BUSY, "has as many calls as it takes (429)", retryAfter);
            default -> failed("answered with status " + status);
        };
    }

    String what() {
        return what;
    }

    Problem problem() {
        return switch (kind) {
            case REFUSED -> new UnsupportedInput("The model's remote endpoint " + what + ". This call costs nothing.");
            case BUSY -> new EngineBusy("The remote endpoint of this model", retryAfter);
            case AWAY -> new EngineUnavailable("its remote endpoint " + what + ".", retryAfter);
            case FAILED -> new EngineFailed("its remote endpoint " + what + ".");
        };
    }
}
