package farthing.metering;

import java.time.Instant;

import farthing.ledger.LineId;

/** A slice of a line's budget. */
final class Lease extends Allowance {

    private final LineId line;

    Lease(LeaseId id, LineId line, Instant now) {
        super(id, now);
        this.line = line;
    }

    LineId line() {
        return line;
    }
}
