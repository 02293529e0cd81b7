package farthing.metering;

import farthing.ledger.LineId;
import farthing.money.Amount;
import farthing.web.Formats;
import farthing.web.Problem;

/** The line cannot pay for the worst case of this call. */
class BudgetExhausted extends Problem {

    BudgetExhausted(LineId line, Amount needed, Amount available) {
        super(402, "insufficient_funds", "This call may cost up to " + Formats.dollars(needed) + " and line " + line + " has "
                + Formats.dollars(available) + " left. Add to the budget, or ask for fewer output tokens with max_tokens.");
    }
}
