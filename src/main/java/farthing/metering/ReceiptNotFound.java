package farthing.metering;

import farthing.receipt.ReceiptId;
import farthing.web.Problem;

/** Nothing here knows the receipt: nobody can tell one that never was from one of a week that was dropped. */
class ReceiptNotFound extends Problem {

    ReceiptNotFound(ReceiptId id) {
        super(404, "receipt_not_found",
                "There is no receipt " + id
                        + ". A call that failed or was refused is free and has none. What is older than this"
                        + " server keeps calls one by one is in its batch's line file only.");
    }
}
