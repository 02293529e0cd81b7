package farthing.settlement;

/**
 * Where the vault's history stands.
 *
 * @param seq the newest number, voids included; 0 before the first
 * @param live the newest batch that is not voided, 0 for none
 * @param hash the history hash
 */
record Tip(long seq, long live, byte[] hash) {
}
