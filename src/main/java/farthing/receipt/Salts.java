package farthing.receipt;

import java.security.SecureRandom;

import farthing.chain.Keccak;

/**
 * The three salts of one call, derived from 256 random bits: {@code keccak256(secret ‖ n)} with n = 1 for the body, 2 for the
 * request, 3 for the answer. So a payer can open the body to somebody, to prove units and time, without making a short prompt
 * guessable from the request's hash.
 *
 * @param secret 32 bytes, kept for the payer
 */
public record Salts(byte[] secret) {

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int BYTES = 32;

    public static Salts random() {
        byte[] secret = new byte[BYTES];
        RANDOM.nextBytes(secret);
        return new Salts(secret);
    }

    public byte[] body() {
        return derived(1);
    }

    public byte[] request() {
        return derived(2);
    }

    public byte[] answer() {
        return derived(3);
    }

    private byte[] derived(int purpose) {
        return Keccak.hash(secret, new byte[] { (byte) purpose });
    }
}
