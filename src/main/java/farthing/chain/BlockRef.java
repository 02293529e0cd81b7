package farthing.chain;

import java.time.Instant;

/**
 * A block of the mirrored chain.
 *
 * @param hash {@code 0x} and 64 hex digits
 * @param at its timestamp: the chain's time, which may differ from ours
 */
public record BlockRef(long number, String hash, Instant at) {
}
