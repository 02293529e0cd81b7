/** What developers state on chain: the registry's records of versions and their offers. */
@NullMarked
package farthing.onchain;

import org.jspecify.annotations.NullMarked;
