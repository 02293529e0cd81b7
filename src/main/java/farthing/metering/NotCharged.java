package farthing.metering;

import java.time.Duration;
import java.util.Optional;

import farthing.receipt.ReceiptId;
import farthing.web.Problem;

/** The charge could not be made durable, so the call is not answered. */
public class NotCharged extends Problem {

    private NotCharged(String code, String message) {
        super(503, code, message);
    }

    static NotCharged failed() {
        return new NotCharged("not_charged", "The charge could not be stored, so this call was not charged. Try again.");
    }

    static NotCharged fenced() {
        return new NotCharged("lease_lost",
                "This server paused for too long and others took over what it held; this call was not charged. Try again.");
    }

    static NotCharged overtaken() {
        return new NotCharged("claim_lost", "Another call with this Idempotency-Key was let in while this one ran; this one was"
                + " not charged. Try again for that one's answer.");
    }

    static NotCharged busy() {
        return new NotCharged("overloaded", "Too many calls wait to be charged; this call was not charged. Try again shortly.");
    }

    static NotCharged unknown(ReceiptId receipt) {
        return new NotCharged("outcome_unknown",
                "The database did not confirm the charge, so this call is not answered. If it was made, it is taken back as soon as"
                        + " that is known, and /v1/receipts/" + receipt
                        + " says so; with an Idempotency-Key it stays and a retry"
                        + " gets the answer, never charged twice.");
    }

    @Override
    public Optional<Duration> retryAfter() {
        return Optional.of(Duration.ofSeconds(1));
    }
}
