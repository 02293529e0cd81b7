package farthing.ledger;

import farthing.money.Amount;
import farthing.web.Problem;

/** A posting would take more from a guarded account than it has. */
public class InsufficientFunds extends Problem {

    public InsufficientFunds(Account account, Amount needed) {
        super(402, "insufficient_funds", account.code() + " holds less than the " + needed + " needed; add to its budget.");
    }
}
