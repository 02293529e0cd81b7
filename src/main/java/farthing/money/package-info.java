/** Amounts of the settlement token in nanos, prices in nanos per unit, splits; every rounding has its direction in its name. */
@NullMarked
package farthing.money;

import org.jspecify.annotations.NullMarked;
