package farthing.payment;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

import farthing.chain.Address;
import farthing.chain.Call;
import farthing.chain.ChainLog;
import farthing.chain.Deployment;
import farthing.chain.Logged;
import farthing.chain.Transactions;
import farthing.chain.VaultCalls;
import farthing.chain.VaultEvent;
import farthing.money.Amount;

/**
 * Gives the trial's caller a line with a deposit, by transactions of its own. Judges from the chain's events what
 * is missing, so it may be asked as often as one likes.
 */
final class Genesis {

    static final Amount FUNDS = Amount.ofTokens(25);

    private static final Address NO_SESSION_KEY = Address.of(new byte[20]);

    private final ChainLog chain;
    private final Transactions transactions;
    private final VaultCalls calls;
    private final Deployment deployment;

    Genesis(ChainLog chain, Transactions transactions, VaultCalls calls, Deployment deployment) {
        this.chain = chain;
        this.transactions = transactions;
        this.calls = calls;
        this.deployment = deployment;
    }

    enum State {
        /** Transactions are on their way. */
        WANTING,
        /** All is in blocks, which are not final yet. */
        MINED,
        /** Nothing is left to do. */
        FINAL
    }

    /** Queues what the caller's wallet is missing. */
    State fund(Connection connection, Address caller) throws SQLException {
        if (chain.position(connection).isEmpty()) {
            return State.WANTING;
        }
        List<Logged<VaultEvent.LineOpened>> opened = chain.openedBy(connection, caller);
        if (opened.isEmpty()) {
            queue(connection, caller, "open", calls.openLine(NO_SESSION_KEY));
            return State.WANTING;
        }
        int line = opened.getFirst().event().line();
        List<Logged<?>> events = chain.ofLine(connection, line);
        if (LineFacts.of(events).leaving()) {
            return State.FINAL;
        }
        // As if all were final: what a re-org takes away is sent again by the outbox, and must not be paid twice.
        LineFacts head = LineFacts.of(events.stream().<Logged<?>> map(Genesis::asFinal).toList());
        String of = ":" + Integer.toUnsignedString(line);
        if (head.deposited().isLessThan(FUNDS)) {
            queue(connection, caller, "approve" + of, calls.approve(FUNDS));
            queue(connection, caller, "deposit" + of, calls.deposit(line, FUNDS));
        }
        if (head.ceiling().isLessThan(FUNDS)) {
            queue(connection, caller, "raise" + of, calls.raiseCeiling(line, FUNDS));
        }
        if (head.spendable().isLessThan(FUNDS)) {
            return State.WANTING;
        }
        return LineFacts.of(events).spendable().isLessThan(FUNDS) ? State.MINED : State.FINAL;
    }

    /** Under a purpose of this vault; once more under another when it has failed for good. */
    private void queue(Connection connection, Address caller, String what, Call call) throws SQLException {
        for (int attempt = 1;; attempt++) {
            String purpose = "genesis:" + deployment.vault() + ":" + what + ":" + attempt;
            Optional<Transactions.Sent> sent = transactions.find(connection, purpose);
            if (sent.filter(s -> s.state() == Transactions.State.REVERTED && s.finalized()).isPresent()) {
                continue;
            }
            transactions.queue(connection, purpose, caller, call);
            return;
        }
    }

    private static Logged<?> asFinal(Logged<?> logged) {
        return new Logged<>(logged.event(), logged.block(), logged.transaction(), logged.index(), true);
    }
}
