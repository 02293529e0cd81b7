package farthing.identity;

import java.util.Map;

import farthing.ledger.LineId;
import farthing.money.Amount;

/** What is on the lines of an account; implemented where calls are metered. */
public interface LineBalances {

    Map<LineId, Balance> balances(AccountId account);

    /** False for a line that is frozen, whatever is left on it. */
    boolean takesCalls(LineId line);

    record Balance(Amount deposited, Amount used, Amount left) {

        static final Balance NOTHING = new Balance(Amount.ZERO, Amount.ZERO, Amount.ZERO);
    }
}
