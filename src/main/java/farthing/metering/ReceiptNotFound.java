package farthing.metering;

import farthing.receipt.ReceiptId;
import farthing.web.Problem;

class ReceiptNotFound extends Problem {

    ReceiptNotFound(ReceiptId id) {
        super(404, "receipt_not_found",
                "There is no receipt " + id + ". A call that failed or was refused is free and has none.");
    }
}
