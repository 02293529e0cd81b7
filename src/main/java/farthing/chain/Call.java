package farthing.chain;

/** A call of a contract, ready to be signed. @param data ABI-encoded, selector first */
public record Call(Address to, byte[] data) {
}
