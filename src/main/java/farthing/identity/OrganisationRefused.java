package farthing.identity;

import java.time.Duration;
import java.util.Optional;

import farthing.web.NextStep;
import farthing.web.Problem;

/** Why a login with the organisation did not succeed. */
abstract sealed class OrganisationRefused extends Problem {

    private OrganisationRefused(int status, String code, String message) {
        super(status, code, message);
    }

    @Override
    public Optional<NextStep> nextStep() {
        return Optional.of(new NextStep("Sign in", "/sign-in"));
    }

    static final class NotOffered extends OrganisationRefused {
        NotOffered() {
            super(404, "no_organisation_login", "This site has no organisation login. Sign in with a wallet.");
        }
    }

    static final class Away extends OrganisationRefused {

        private static final Duration LATER = Duration.ofSeconds(15);

        Away(String label) {
            super(503, "organisation_away", "The login of " + label
                    + " does not answer just now. Try again in a while; wallets and personal access tokens work meanwhile.");
        }

        @Override
        public Optional<Duration> retryAfter() {
            return Optional.of(LATER);
        }
    }

    static final class NotCompleted extends OrganisationRefused {
        NotCompleted(String label) {
            super(401, "login_not_completed", "The login with " + label
                    + " was not completed: it was cancelled, took too long, or began in another browser. Sign in again.");
        }
    }

    static final class LinkedElsewhere extends OrganisationRefused {
        LinkedElsewhere(String name) {
            super(409, "login_linked_elsewhere", "The login " + name
                    + " belongs to another account here. Sign in with it and unlink it there first, or use another login.");
        }

        @Override
        public Optional<NextStep> nextStep() {
            return Optional.of(new NextStep("Your account", "/account"));
        }
    }

    static final class LastWayIn extends OrganisationRefused {
        LastWayIn(String name) {
            super(409, "last_way_in", "The login " + name
                    + " is the only way to sign in to this account. Link a wallet or another login first.");
        }

        @Override
        public Optional<NextStep> nextStep() {
            return Optional.of(new NextStep("Your account", "/account"));
        }
    }

    static final class NoSuchLogin extends OrganisationRefused {
        NoSuchLogin() {
            super(404, "no_such_login", "Your account has no such login. It may have been unlinked already.");
        }

        @Override
        public Optional<NextStep> nextStep() {
            return Optional.of(new NextStep("Your account", "/account"));
        }
    }
}
