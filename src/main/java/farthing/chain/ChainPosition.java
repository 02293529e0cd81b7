package farthing.chain;

/** How far the mirror is. @param finalized number of the newest finalized block */
public record ChainPosition(BlockRef head, long finalized) {
}
