package farthing.metering;

import java.time.Instant;

/** A slice of what a key's own limits leave. No money: the line pays; it only counts what the key may have charged. */
final class KeyLease extends Allowance {

    KeyLease(LeaseId id, Instant now) {
        super(id, now);
    }
}
