package farthing.metering;

import farthing.money.Amount;
import farthing.web.Formats;
import farthing.web.Problem;

/** The key's own limit, lower than its line's budget, does not allow the worst case of this call. */
class KeyLimitReached extends Problem {

    KeyLimitReached(String which, Amount needed, Amount left) {
        super(402, "key_limit_reached", "This call may cost up to " + Formats.dollars(needed) + " and " + Formats.dollars(left)
                + " is left of this key's " + which + " limit. Raise the limit at /keys, or use another key.");
    }
}
