package farthing.metering;

import farthing.receipt.ReceiptId;
import farthing.web.Problem;

/** The answer was kept under another secret of the same API key. */
class AnswerSealed extends Problem {

    AnswerSealed(ReceiptId receipt) {
        super(409, "answer_sealed", "The call with this Idempotency-Key was answered and charged once (receipt " + receipt
                + ") for another secret of this API key, and only that one opens the kept answer. Send the secret that was used"
                + " then while it lives, or a new Idempotency-Key to call again.");
    }
}
