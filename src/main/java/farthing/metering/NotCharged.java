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

    static NotCharged busy() {
        return new NotCharged("overloaded", "Too many calls wait to be charged; this call was not charged. Try again shortly.");
    }

    static NotCharged unknown(ReceiptId receipt) {
        return new NotCharged("outcome_unknown", "The database did not confirm the charge. /v1/receipts/" + receipt
                + " will show whether it was made; a retry with the same Idempotency-Key is never charged twice.");
    }

    @Override
    public Optional<Duration> retryAfter() {
        return Optional.of(Duration.ofSeconds(1));
    }
}
