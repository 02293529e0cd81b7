package farthing.metering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import farthing.ledger.Account;

class FrozenLinesTest {

    @Test
    void aFrozenLineRefusesNewCallsOnEveryInstanceAndOldOnesStillCharge() throws Exception {
        try (Calls calls = new Calls(1_000)) {
            Metering other = calls.instance(calls.source, Calls.Settings.USUAL);
            other.reserve(calls.caller(), Calls.LISTING, 0, 1).close();
            Reservation underWay = calls.reserve(calls.caller());
            freeze(calls, FreezeReason.EXIT_REQUESTED);
            other.recallFrozen();
            calls.metering.recallFrozen();

            for (Metering each : new Metering[] { calls.metering, other }) {
                assertThatThrownBy(() -> each.reserve(calls.caller(), Calls.LISTING, 0, 1)).isInstanceOf(LineFrozen.class)
                        .hasMessage("Line " + calls.line + " takes no new calls: its owner has asked to leave with what is left"
                                + " of it. Use a key of another line; one can be opened at /budgets.");
            }
            assertThat(calls.openLeases()).as("the idle one is back, the other is needed").isEqualTo(1);
            assertThat(Calls.charged(underWay).amount()).isEqualTo(Calls.PER_CALL);
            calls.metering.recallFrozen();
            assertThat(calls.openLeases()).isZero();
            assertThat(calls.balance(Account.line(calls.line))).isEqualTo(990);
        }
    }

    @Test
    void anInstanceThatNeverUsedTheLineLooksBeforeItLends() throws Exception {
        try (Calls calls = new Calls(1_000)) {
            freeze(calls, FreezeReason.DEPOSIT_LOST);
            assertThatThrownBy(() -> calls.reserve(calls.caller())).isInstanceOf(LineFrozen.class)
                    .hasMessageContaining("no longer shows money");
            assertThat(calls.openLeases()).isZero();
        }
    }

    @Test
    void aThawedLineGoesOn() throws Exception {
        try (Calls calls = new Calls(1_000)) {
            calls.reserve(calls.caller()).close();
            freeze(calls, FreezeReason.EXIT_REQUESTED);
            calls.metering.recallFrozen();
            calls.database.inTransaction(connection -> {
                calls.metering.thaw(connection, calls.line);
                return true;
            });
            calls.metering.recallFrozen();
            assertThat(Calls.charged(calls.reserve(calls.caller())).amount()).isEqualTo(Calls.PER_CALL);
        }
    }

    private static void freeze(Calls calls, FreezeReason reason) {
        calls.database.inTransaction(connection -> {
            calls.metering.freeze(connection, calls.line, reason);
            return true;
        });
    }
}
