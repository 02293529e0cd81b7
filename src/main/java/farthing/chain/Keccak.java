package farthing.chain;

import java.nio.charset.StandardCharsets;

import org.bouncycastle.jcajce.provider.digest.Keccak.Digest256;

/** Ethereum's hash, Keccak-256 (not the later SHA3-256). */
public final class Keccak {

    private Keccak() {
    }

    /** @return 32 bytes, the hash of the parts one after the other */
    public static byte[] hash(byte[]... parts) {
        Digest256 digest = new Digest256();
        for (byte[] part : parts) {
            digest.update(part, 0, part.length);
        }
        return digest.digest();
    }

    public static byte[] hash(String text) {
        return hash(text.getBytes(StandardCharsets.UTF_8));
    }
}
