package farthing.identity;

import java.util.Optional;

import farthing.web.Problem;

/** Whoever is shut out is told why, so there must be a reason. */
public final class DeactivationRefused extends Problem {

    static final int LONGEST_REASON = 300;

    DeactivationRefused() {
        super(422, "reason_missing", "Say why, as {\"why\": \"…\"}, in at most " + LONGEST_REASON
                + " characters: the account's owner is told.");
    }

    @Override
    public Optional<String> param() {
        return Optional.of("why");
    }
}
