/** How money comes in: until there is a chain, the one posting that funds the trial's caller. */
@NullMarked
package farthing.payment;

import org.jspecify.annotations.NullMarked;
