package farthing.ledger;

/** One budget of one payer: one slot in the vault. */
public record LineId(int value) {
}
