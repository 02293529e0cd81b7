package farthing.chain;

/**
 * An event where the chain holds it now; a re-org may take it away again while it is not finalized, and a restored older state
 * even after that.
 *
 * @param transaction hash, {@code 0x} and 64 hex digits
 * @param index its place among the block's logs
 * @param finalized whether its block is
 */
public record Logged<E extends VaultEvent>(E event, BlockRef block, String transaction, int index, boolean finalized) {
}
