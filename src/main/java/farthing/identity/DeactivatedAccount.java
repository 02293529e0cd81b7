package farthing.identity;

import java.time.Instant;

import farthing.web.Formats;
import farthing.web.Problem;

/** The account takes part in nothing for now. */
public final class DeactivatedAccount extends Problem {

    DeactivatedAccount(Instant at, String why) {
        super(403, "account_deactivated", "This account was deactivated on " + Formats.exact(at) + ": " + sentence(why)
                + " Its money in the vault stays its own and can be withdrawn on chain. An operator of this site can reactivate it.");
    }

    private static String sentence(String why) {
        return why.endsWith(".") ? why : why + ".";
    }
}
