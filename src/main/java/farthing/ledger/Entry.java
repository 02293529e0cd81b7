package farthing.ledger;

import java.time.Instant;
import java.util.List;

import farthing.money.Amount;

/**
 * A journal entry: postings that add up to zero.
 *
 * @param kind what happened, e.g. {@code deposit}
 * @param fact unique name of the business fact; a second entry of the same fact is refused
 */
public record Entry(String kind, String fact, Instant at, List<Posting> postings) {

    public Entry {
        postings = List.copyOf(postings);
        Amount total = Amount.sum(postings.stream().map(Posting::amount)::iterator);
        if (!total.isZero()) {
            throw new IllegalArgumentException("entry " + fact + " adds up to " + total + " instead of zero");
        }
    }

    /** Money moving from one account to another. */
    public static Entry transfer(String kind, String fact, Instant at, Account from, Account to, Amount amount) {
        return new Entry(kind, fact, at, List.of(new Posting(from, amount.negated()), new Posting(to, amount)));
    }
}
