package farthing.metering;

import farthing.receipt.ReceiptId;
import farthing.web.Problem;

class AnswerNotKept extends Problem {

    AnswerNotKept(ReceiptId receipt) {
        super(409, "answer_not_kept", "The call with this Idempotency-Key was answered and charged once (receipt " + receipt
                + "), and its answer was too large to keep. Use a new key to call again.");
    }
}
