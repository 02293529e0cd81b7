package farthing.metering;

import farthing.web.Problem;

class IdempotencyMismatch extends Problem {

    IdempotencyMismatch() {
        super(422, "idempotency_mismatch",
                "This Idempotency-Key was used for a different request. Send the same request, or use a new key for this one.");
    }
}
