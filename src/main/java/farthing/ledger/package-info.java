/** Double-entry bookkeeping in PostgreSQL: the only writer of balances. */
@NullMarked
package farthing.ledger;

import org.jspecify.annotations.NullMarked;
