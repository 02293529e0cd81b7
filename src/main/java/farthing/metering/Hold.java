package farthing.metering;

import farthing.money.Amount;

/** Money set aside for one call. Ends by exactly one of settle and release, both through {@link Reservation}. */
record Hold<A extends Allowance>(A of, Amount amount) {

    void release() {
        of.release(amount);
    }

    void settle(Amount charge) {
        of.settle(amount, charge);
    }

    /** The same with less held. */
    Hold<A> shrunkTo(Amount less) {
        of.release(amount.minus(less));
        return new Hold<>(of, less);
    }
}
