package farthing.catalog;

import java.util.Collection;

import farthing.money.Amount;
import farthing.money.Split;

/** What calls of versions have earned, to the nano. Implemented where calls are metered. */
public interface Takings {

    /** @param parts the sums of what each single charge was divided into; they add up to {@code charged} */
    record Sum(long calls, Amount charged, Split.Parts parts) {
    }

    /** All standing calls of these versions together. */
    Sum of(Collection<VersionId> versions);
}
