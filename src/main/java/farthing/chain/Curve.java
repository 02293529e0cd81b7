package farthing.chain;

import org.jspecify.annotations.Nullable;

/** ECDSA over secp256k1. Whatever computes it gives the same bytes. */
interface Curve {

    /**
     * @param secret 32 bytes, a private key
     * @param publicKey the 64 bytes of its point
     * @param digest 32 bytes
     * @return 65 bytes {@code r ‖ s ‖ v} with the nonce of RFC 6979, s in the lower half, v 27 or 28
     */
    byte[] sign(byte[] secret, byte[] publicKey, byte[] digest);

    /**
     * @param digest 32 bytes
     * @param signature 65 bytes {@code r ‖ s ‖ v}, r and s between 1 and the order, v 27 or 28
     * @return the 64 bytes of the signer's point; null where no key can have made it
     */
    byte @Nullable [] recover(byte[] digest, byte[] signature);

    /** For the operator. */
    String described();
}
