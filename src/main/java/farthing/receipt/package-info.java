/** The signed statement of one call, its hashes and its Merkle tree, and how to check them. */
@NullMarked
package farthing.receipt;

import org.jspecify.annotations.NullMarked;
