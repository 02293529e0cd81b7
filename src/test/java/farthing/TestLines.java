package farthing;

import java.util.concurrent.ThreadLocalRandom;

import farthing.identity.AccountId;
import farthing.identity.Accounts;
import farthing.identity.Lines;
import farthing.ledger.LineId;
import io.quarkus.arc.Arc;

/** Lines for tests that have no chain: with numbers that no vault of a test ever gives. */
public final class TestLines {

    /** They begin here. */
    public static final int FIRST = 1_000_000_000;

    private TestLines() {
    }

    public static LineId fresh() {
        return new LineId(ThreadLocalRandom.current().nextInt(FIRST, Integer.MAX_VALUE));
    }

    public static LineId adopted(Lines lines, AccountId account) {
        LineId line = fresh();
        // Whichever wallet the account has: nothing here asks a chain.
        lines.adopt(line, Arc.container().instance(Accounts.class).get().walletOf(account), "test " + line);
        return line;
    }
}
