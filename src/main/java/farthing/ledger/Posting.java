package farthing.ledger;

import farthing.money.Amount;

/** One side of an {@link Entry}: positive adds to the account, negative takes from it. */
public record Posting(Account account, Amount amount) {
}
