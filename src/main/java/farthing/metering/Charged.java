package farthing.metering;

import farthing.money.Amount;
import farthing.receipt.ReceiptId;

/** A call whose charge is durable: from here on it may be answered. */
public record Charged(ReceiptId receipt, Amount amount) {
}
