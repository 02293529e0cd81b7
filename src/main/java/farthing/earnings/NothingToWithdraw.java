package farthing.earnings;

import farthing.web.Problem;

/** A payee asked for money before any of it had matured. */
public class NothingToWithdraw extends Problem {

    public NothingToWithdraw() {
        super(409, "nothing_to_withdraw",
                "Nothing can be withdrawn yet: a credit matures when the epoch after its own has passed. Come back then.");
    }
}
