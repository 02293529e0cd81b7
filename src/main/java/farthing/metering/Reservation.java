package farthing.metering;

import org.jspecify.annotations.Nullable;

import farthing.catalog.Listing;
import farthing.identity.Caller;
import farthing.money.Amount;
import farthing.receipt.ReceiptId;

/**
 * The worst case of one call, held before it runs. Ends once: {@link #charge} makes it a durable charge, {@link
 * #close} gives it back for free. Closing after the charge does nothing, so use it in try-with-resources.
 */
public final class Reservation implements AutoCloseable {

    private enum State {
        HELD,
        CHARGING,
        ENDED
    }

    private final Metering metering;
    private final ReceiptId receipt = ReceiptId.random();
    private final Caller caller;
    private final Listing listing;
    private final Hold<Lease> hold;
    /** Null where the key has no limit of its own. */
    private final @Nullable Hold<KeyLease> keyHold;
    private final int maxOutputTokens;
    private State state = State.HELD;

    Reservation(Metering metering, Caller caller, Listing listing, Hold<Lease> hold, @Nullable Hold<KeyLease> keyHold,
            int maxOutputTokens) {
        this.metering = metering;
        this.caller = caller;
        this.listing = listing;
        this.hold = hold;
        this.keyHold = keyHold;
        this.maxOutputTokens = maxOutputTokens;
    }

    /** Name of the receipt that a charge will have. */
    public ReceiptId receipt() {
        return receipt;
    }

    /** The most output tokens that are paid for. */
    public int maxOutputTokens() {
        return maxOutputTokens;
    }

    /**
     * Charges what the call consumed and waits until that is durable. Only then may the call be answered.
     *
     * @param replay the answer to keep for the same Idempotency-Key, if the call has one
     * @throws NotCharged when it could not be made durable: the call is free and must not be answered
     */
    public Charged charge(Consumed consumed, @Nullable Replay replay) {
        synchronized (this) {
            if (state != State.HELD) {
                throw new IllegalStateException("reservation " + receipt + " is " + state);
            }
            state = State.CHARGING;
        }
        return metering.charge(this, consumed, replay);
    }

    /** Gives the hold back unless the call was charged. */
    @Override
    public synchronized void close() {
        if (state == State.HELD) {
            end(null);
        }
    }

    /** What the units cost by the offer frozen at the reservation. */
    public Amount price(Units units) {
        return listing.offer().price().chargeRoundedDown(units.inputTokens(), units.outputTokens(), units.items());
    }

    /** @param charge null when the call is free */
    synchronized void end(@Nullable Amount charge) {
        if (state == State.ENDED) {
            return;
        }
        state = State.ENDED;
        metering.ended();
        if (charge == null) {
            hold.release();
            if (keyHold != null) {
                keyHold.release();
            }
        } else {
            hold.settle(charge);
            if (keyHold != null) {
                keyHold.settle(charge);
            }
        }
    }

    /** Nothing more is spent from where its money came from. */
    void abandon() {
        hold.of().abandon();
        if (keyHold != null) {
            keyHold.of().abandon();
        }
    }

    Caller caller() {
        return caller;
    }

    Listing listing() {
        return listing;
    }

    Amount held() {
        return hold.amount();
    }

    Lease lease() {
        return hold.of();
    }

    @Nullable
    KeyLease keyLease() {
        return keyHold == null ? null : keyHold.of();
    }
}
