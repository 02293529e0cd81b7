package farthing.identity;

import java.time.Instant;
import java.util.Optional;

import farthing.web.NextStep;
import farthing.web.Problem;

/** The request's API key does not let it in. */
public abstract sealed class ApiKeyRefused extends Problem {

    private ApiKeyRefused(String code, String message) {
        super(401, code, message);
    }

    @Override
    public Optional<NextStep> nextStep() {
        return Optional.of(new NextStep("Keys", "/keys"));
    }

    /** There was none. */
    public static final class MissingApiKey extends ApiKeyRefused {
        MissingApiKey(String keysPage) {
            super("missing_api_key",
                    "This call needs an API key. Send it as 'Authorization: Bearer fk_…'; make one at " + keysPage
                            + ".");
        }
    }

    /** There never was such a key, or it was copied wrongly. */
    public static final class WrongApiKey extends ApiKeyRefused {

        private WrongApiKey(String message) {
            super("wrong_api_key", message);
        }

        static WrongApiKey form(String keysPage) {
            return new WrongApiKey(
                    "That is not a key of this site: keys are fk_ and 49 letters and digits. Make one at " + keysPage
                            + ".");
        }

        static WrongApiKey mistyped() {
            return new WrongApiKey(
                    "The API key is mistyped or cut off: its last six characters do not fit the rest. Copy it again.");
        }

        static WrongApiKey unknown(String keysPage) {
            return new WrongApiKey("No account here has this API key. Make one at " + keysPage + ".");
        }
    }

    /** Its owner ended it. */
    public static final class RevokedApiKey extends ApiKeyRefused {
        RevokedApiKey(String prefix, Instant at, String keysPage) {
            super("revoked_api_key",
                    "The API key " + prefix + "… was revoked at " + at + ". Make another at " + keysPage + ".");
        }
    }

    /** Another secret of the key has taken its place. */
    public static final class ReplacedSecret extends ApiKeyRefused {
        ReplacedSecret(String prefix, Instant at, String keysPage) {
            super("replaced_api_key", "The secret " + prefix + "… of this API key ended at " + at
                    + ", since the key has a newer one. Send that; if it is lost, rotate the key at " + keysPage + ".");
        }
    }

    /** Its last day has passed. */
    public static final class ExpiredApiKey extends ApiKeyRefused {
        ExpiredApiKey(String prefix, Instant at, String keysPage) {
            super("expired_api_key", "The API key " + prefix + "… expired at " + at + ". Make another at " + keysPage + ".");
        }
    }
}
