package farthing.metering;

import farthing.money.Amount;

/** Money set aside on a lease for one call. Ends by exactly one of settle and release, both through {@link Reservation}. */
record Hold(Lease lease, Amount amount) {
}
