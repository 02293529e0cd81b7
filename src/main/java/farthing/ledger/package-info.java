/** Double-entry postings: the sole writer of balances. */
@NullMarked
package farthing.ledger;

import org.jspecify.annotations.NullMarked;
