package farthing.catalog;

import java.time.Instant;

import farthing.money.Price;

/** What a version costs from a date on, until a later offer's date. Never changes. */
public record Offer(OfferId id, VersionId version, Instant validFrom, Price price) {
}
