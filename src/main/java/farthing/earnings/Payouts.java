package farthing.earnings;

import java.time.Instant;
import java.util.List;

import org.jspecify.annotations.Nullable;

import farthing.chain.Address;
import farthing.money.Amount;

/** What batches credited to a payee, and how it takes the money out; implemented where batches are made. */
public interface Payouts {

    /** Where the money of one credit is. */
    enum CreditState {
        /** Its batch is not on the chain yet. */
        WAITING,
        /** On the chain; cannot be withdrawn before {@link Credit#withdrawableFrom}. */
        MATURING,
        WITHDRAWABLE
    }

    /**
     * @param batch number of the batch
     * @param batchFinal whether the batch can no more be lost by a re-org
     * @param minedAt chain time; null while the batch is not on the chain, as is the next
     * @param withdrawableFrom chain time
     */
    record Credit(long batch, Amount amount, CreditState state, boolean batchFinal, @Nullable Instant minedAt,
            @Nullable Instant withdrawableFrom) {
    }

    /** Money that can be withdrawn from a time on. */
    record Maturing(Amount amount, Instant from) {
    }

    /** @param to the payee or the address it chose */
    record Withdrawal(String transaction, Address to, Amount amount, long block, Instant at, boolean isFinal) {
    }

    /**
     * All there is to say of one payee.
     *
     * @param owed earned in batches and not credited yet
     * @param waiting credited by a batch that is not on the chain yet
     * @param withdrawable what a withdrawal would pay now
     * @param maturing earliest first
     * @param withdrawn all that was ever paid out
     * @param attempt the newest withdrawal asked of us, null for none
     */
    record Standing(Amount owed, Amount waiting, Amount withdrawable, List<Maturing> maturing, Amount withdrawn,
            @Nullable Attempt attempt) {
    }

    enum AttemptState {
        /** Not signed yet; with a fault, it is tried again. */
        QUEUED,
        SENT,
        MINED,
        FINAL,
        /** It changed nothing and is over; the payee may ask again. */
        FAILED
    }

    /** @param transaction null while queued @param fault what keeps it, null without */
    record Attempt(AttemptState state, Instant askedAt, @Nullable String transaction, @Nullable String fault) {

        public boolean underWay() {
            return state == AttemptState.QUEUED || state == AttemptState.SENT;
        }
    }

    Standing standing(Address payee);

    /** Newest first. */
    List<Credit> credits(Address payee, int most, long offset);

    /** Newest first. */
    List<Withdrawal> withdrawals(Address payee);

    /**
     * Has this server send a withdrawal of all that has matured, paid to the payee or the address it chose. While one is under
     * way, asking again changes nothing.
     *
     * @throws NothingToWithdraw when nothing has matured
     */
    Attempt withdraw(Address payee);
}
