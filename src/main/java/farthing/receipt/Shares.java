package farthing.receipt;

import farthing.chain.Keccak;

/** How the data pool of one call is divided. A call without credited contributions has none; the pool stays owed as a whole. */
public record Shares() {

    public static final Shares NONE = new Shares();

    private static final byte[] OF_NOTHING = Keccak.hash();

    /** {@code keccak256} of the encoded shares; of nothing for {@link #NONE}. */
    public byte[] hash() {
        return OF_NOTHING.clone();
    }
}
