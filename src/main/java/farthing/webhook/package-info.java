/** Hooks of an account, and what was sent to them: budgets reached, batches posted, payouts. */
@NullMarked
package farthing.webhook;

import org.jspecify.annotations.NullMarked;
