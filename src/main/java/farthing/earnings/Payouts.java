package farthing.earnings;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

import farthing.chain.Address;
import farthing.money.Amount;

/** What batches credited to a payee and what left the vault since; implemented where batches are made. Never asks the chain. */
public interface Payouts {

    /**
     * @param state of the batch: built, sent, mined, final
     * @param withdrawableFrom in the chain's time; null until the batch is mined
     */
    record Credit(long batch, Amount amount, String state, @Nullable Instant minedAt, @Nullable Instant withdrawableFrom) {
    }

    /**
     * @param to the payee or the address it chose
     * @param at time of its block
     * @param confirmed whether that block is finalized
     */
    record Withdrawal(Amount amount, Address to, String transaction, long block, Instant at, boolean confirmed) {
    }

    /**
     * @param state queued, sent, mined, final or failed
     * @param transaction null until it is signed
     * @param fault one sentence; null unless failed
     */
    record UnderWay(String state, @Nullable String transaction, @Nullable String fault) {
    }

    /**
     * @param withdrawable what a withdrawal would pay now
     * @param maturing credited in mined batches, not withdrawable yet
     * @param matures when the last of it will be, in the chain's time; null when nothing matures
     * @param credits newest first
     * @param withdrawals newest first
     * @param underWay the withdrawal that was asked for last here, until it is final and shown among the withdrawals
     */
    record Statement(Amount withdrawable, Amount maturing, @Nullable Instant matures, List<Credit> credits,
            List<Withdrawal> withdrawals, Optional<UnderWay> underWay) {
    }

    Statement of(Address payee);

    /**
     * Has the operator send the vault's {@code withdraw} for the payee, at no cost to it. Asked again while one is under way,
     * it changes nothing.
     */
    void withdraw(Address payee);
}
