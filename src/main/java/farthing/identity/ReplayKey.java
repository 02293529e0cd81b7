package farthing.identity;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;

import javax.crypto.KDF;
import javax.crypto.SecretKey;
import javax.crypto.spec.HKDFParameterSpec;

/**
 * Encrypts the stored answers of an idempotent call. It follows from the API key's secret (HKDF-SHA-256), which the server does
 * not hold, so that only a further call with that secret can read them. Must not be stored.
 */
public final class ReplayKey {

    private static final byte[] PURPOSE = "farthing replay 1".getBytes(StandardCharsets.US_ASCII);

    private final SecretKey key;

    private ReplayKey(SecretKey key) {
        this.key = key;
    }

    static ReplayKey of(String secret) {
        try {
            return new ReplayKey(KDF.getInstance("HKDF-SHA256").deriveKey("AES", HKDFParameterSpec.ofExtract()
                    .addIKM(secret.getBytes(StandardCharsets.US_ASCII)).thenExpand(PURPOSE, 32)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** An AES key of 256 bits. */
    public SecretKey aes() {
        return key;
    }

    @Override
    public String toString() {
        return "replay key";
    }
}
