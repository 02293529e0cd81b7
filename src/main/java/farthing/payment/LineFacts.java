package farthing.payment;

import java.time.Instant;
import java.util.List;

import org.jspecify.annotations.Nullable;

import farthing.chain.Address;
import farthing.chain.Logged;
import farthing.chain.VaultEvent;
import farthing.money.Amount;

/**
 * What the chain says of a line now.
 *
 * @param owner null unless its opening is finalized
 * @param deposited finalized, at most {@link #MOST}
 * @param ceiling finalized
 * @param exitAt from when on the rest may leave; null unless an exit was requested, be it at the latest head
 * @param exited what the vault paid out, finalized; null before
 */
record LineFacts(@Nullable Address owner, Amount deposited, Amount ceiling, @Nullable Instant exitAt, @Nullable Amount exited) {

    /** More on one line is not counted, so that sums over all lines fit. */
    static final Amount MOST = Amount.ofTokens(1_000_000);

    static final LineFacts NONE = new LineFacts(null, Amount.ZERO, Amount.ZERO, null, null);

    static LineFacts of(List<Logged<?>> events) {
        Address owner = null;
        Instant exitAt = null;
        Amount all = Amount.ZERO;
        Amount ceiling = Amount.ZERO;
        Amount exited = null;
        for (Logged<?> logged : events) {
            if (logged.event() instanceof VaultEvent.ExitRequested requested) {
                exitAt = requested.exitAt();
            }
            if (!logged.finalized()) {
                continue;
            }
            switch (logged.event()) {
                case VaultEvent.LineOpened opened -> owner = opened.owner();
                case VaultEvent.Deposited deposited -> all = sum(all, deposited.amount());
                case VaultEvent.CeilingRaised raised -> ceiling = ceiling.max(raised.ceiling());
                case VaultEvent.Exited left -> exited = exited == null ? left.amount() : sum(exited, left.amount());
                default -> {
                }
            }
        }
        Amount counted = all.min(MOST);
        if (exited != null) {
            // What was not counted when it came is not counted when it leaves.
            exited = exited.minus(all.minus(counted)).max(Amount.ZERO);
        }
        return new LineFacts(owner, counted, ceiling, exitAt, exited);
    }

    /** What may ever be used. */
    Amount spendable() {
        return deposited.min(ceiling);
    }

    boolean leaving() {
        return exitAt != null || exited != null;
    }

    /** Beyond what a long holds no sum of micro-units is told from another. */
    private static Amount sum(Amount a, Amount b) {
        long room = Long.MAX_VALUE - a.nanos();
        return b.nanos() > room ? Amount.ofNanos(Long.MAX_VALUE) : a.plus(b);
    }
}
