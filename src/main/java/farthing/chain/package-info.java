/** What Ethereum asks for: addresses, hashes, signatures and typed data. The only package that uses web3j. */
@NullMarked
package farthing.chain;

import org.jspecify.annotations.NullMarked;
