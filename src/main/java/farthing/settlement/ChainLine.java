package farthing.settlement;

import java.math.BigInteger;
import java.util.List;
import java.util.Optional;

import farthing.chain.Address;
import farthing.chain.Logged;
import farthing.chain.VaultEvent;
import farthing.money.Amount;
import farthing.receipt.Payout;

/**
 * What the vault lets a batch debit of a line.
 *
 * @param owner empty until it is finalized that there is the line
 * @param limit min(ceiling, deposited) at finality
 */
record ChainLine(Optional<Address> owner, Amount limit) {

    /** @param events of the line, oldest first */
    static ChainLine of(List<Logged<?>> events) {
        Optional<Address> owner = Optional.empty();
        Amount ceiling = Amount.ZERO;
        // Anybody may deposit anything that some token allows, so the sum need not fit 64 bits.
        BigInteger deposited = BigInteger.ZERO;
        for (Logged<?> logged : events) {
            // What has left counts at once, everything else when nothing can take it away any more.
            if (logged.event() instanceof VaultEvent.Exited exited) {
                deposited = deposited.subtract(BigInteger.valueOf(exited.amount().nanos()));
            } else if (logged.finalized()) {
                switch (logged.event()) {
                    case VaultEvent.LineOpened opened -> owner = Optional.of(opened.owner());
                    case VaultEvent.Deposited deposit ->
                        deposited = deposited.add(BigInteger.valueOf(deposit.amount().nanos()));
                    case VaultEvent.CeilingRaised raised -> ceiling = raised.ceiling();
                    default -> {
                    }
                }
            }
        }
        BigInteger limit = deposited.min(BigInteger.valueOf(ceiling.nanos())).max(BigInteger.ZERO);
        return new ChainLine(owner, Amount.ofNanos(limit.longValueExact()));
    }

    /**
     * Whether the vault lets the line be debited for so much in all. It counts whole micro-units: what is below one costs the
     * line nothing yet.
     */
    boolean pays(Amount cumulative) {
        return !limit.isLessThan(Payout.debit(Amount.ZERO, cumulative));
    }
}
