package farthing.metering;

import java.util.UUID;

import org.jspecify.annotations.Nullable;

import farthing.money.Amount;
import farthing.money.Split;

/**
 * What one charge is booked with, without the call itself: it can be written down and read again.
 *
 * @param claim of its Idempotency-Key, if it has one
 */
record CallCharge(UUID receipt, long lease, int line, long account, long apiKey, int version, Split split, long nanos,
        Units units,
        boolean abandoned, @Nullable Long claim) {

    static CallCharge of(GroupCommit.Pending pending) {
        Reservation call = pending.reservation();
        Replay replay = pending.replay();
        return new CallCharge(call.receipt().value(), call.lease().id().value(), call.lease().line().value(),
                call.caller().account().value(), call.caller().key().value(), call.listing().version().value(),
                call.listing().split(), pending.amount().nanos(), pending.consumed().units(), pending.consumed().abandoned(),
                replay == null ? null : replay.claim());
    }

    Amount amount() {
        return Amount.ofNanos(nanos);
    }
}
