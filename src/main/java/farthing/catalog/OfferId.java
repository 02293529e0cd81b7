package farthing.catalog;

/** Names an offer in receipts. */
public record OfferId(long value) {
}
