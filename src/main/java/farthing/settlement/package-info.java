/** Batches: built from durable receipts, posted, published, and paid out. */
@NullMarked
package farthing.settlement;

import org.jspecify.annotations.NullMarked;
