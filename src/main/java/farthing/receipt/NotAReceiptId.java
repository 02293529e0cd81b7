package farthing.receipt;

import farthing.web.Problem;

class NotAReceiptId extends Problem {

    NotAReceiptId(String text) {
        super(404, "receipt_not_found",
                "'" + (text.length() > 64 ? text.substring(0, 64) + "…" : text)
                        + "' is not a receipt id; one has 32 hex digits.");
    }
}
