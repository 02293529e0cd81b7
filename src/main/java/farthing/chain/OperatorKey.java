package farthing.chain;

/** The key with the vault's operator role: this server posts batches with it. {@link Transactions} knows it from the start. */
public record OperatorKey(SigningKey key) {
}
