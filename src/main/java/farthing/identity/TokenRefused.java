package farthing.identity;

import java.util.Locale;
import java.util.Optional;

import farthing.web.NextStep;
import farthing.web.Problem;

/** A request under {@code /api} that its sender may not make. */
public abstract sealed class TokenRefused extends Problem {

    private TokenRefused(int status, String code, String message) {
        super(status, code, message);
    }

    @Override
    public Optional<NextStep> nextStep() {
        return Optional.of(new NextStep("Your account", "/account"));
    }

    /** It brings no token, and no page of ours sent it. */
    public static final class Missing extends TokenRefused {
        Missing() {
            super(401, "missing_token",
                    "This address needs a personal access token. Send it as 'Authorization: Bearer fp_…'; make one at /account.");
        }
    }

    static final class Mistyped extends TokenRefused {
        Mistyped() {
            super(401, "wrong_token", "That is not a whole personal access token: it is fp_ and 49 letters and digits. Copy it"
                    + " again, or make one at /account. Keys that begin with fk_ only make calls.");
        }
    }

    static final class Unknown extends TokenRefused {
        Unknown() {
            super(401, "unknown_token", "No account here has this personal access token. Make one at /account.");
        }
    }

    static final class Ended extends TokenRefused {
        Ended(String prefix) {
            super(401, "ended_token",
                    "The personal access token " + prefix + "… was revoked or has expired. Make another at /account.");
        }
    }

    /** It is no token of ours, and none that the organisation vouches for. */
    static final class Foreign extends TokenRefused {
        Foreign(String issuer) {
            super(401, "foreign_token", "The bearer token was not issued by " + issuer
                    + ", was altered, or is no access token. Get a new one there, or make a personal access token at /account.");
        }
    }

    /** The organisation's token is past its time. */
    static final class Expired extends TokenRefused {
        Expired(String issuer) {
            super(401, "expired_token", "The bearer token has expired. Get a new one from " + issuer
                    + ", or make a personal access token at /account.");
        }
    }

    /** The organisation's token was made for somebody else to read. */
    static final class OtherAudience extends TokenRefused {
        OtherAudience(String client) {
            super(401, "other_audience",
                    "The bearer token was issued for another application: its audience must hold '" + client
                            + "'. Get one for this site, or make a personal access token at /account.");
        }
    }

    /** The token is good, but not for this. */
    public static final class WrongScope extends TokenRefused {
        WrongScope(Scope needed) {
            super(403, "wrong_scope", "This needs a token with the scope '" + needed.name().toLowerCase(Locale.ROOT)
                    + "'. Make one at /account.");
        }
    }

    /** The account is good, but not for this. */
    public static final class WrongRole extends TokenRefused {
        WrongRole(Role needed) {
            super(403, "wrong_role", "This is for accounts with the role '" + needed.name().toLowerCase(Locale.ROOT)
                    + "'. An operator of this site grants it.");
        }
    }

    static final class NoSuchToken extends TokenRefused {
        NoSuchToken() {
            super(404, "no_such_token", "Your account has no such token. It may belong to another account.");
        }
    }
}
