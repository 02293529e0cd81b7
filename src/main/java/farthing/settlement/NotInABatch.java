package farthing.settlement;

import farthing.receipt.ReceiptId;
import farthing.web.Problem;

class NotInABatch extends Problem {

    NotInABatch(ReceiptId id, boolean reversed) {
        super(409, reversed ? "receipt_reversed" : "receipt_pending", reversed
                ? "Receipt " + id + " is in no batch: its call was not answered, and its charge was given back."
                : "Receipt " + id + " is in no batch yet (state: pending). Ask again after the next batch.");
    }
}
