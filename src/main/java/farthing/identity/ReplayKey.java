package farthing.identity;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;

import javax.crypto.KDF;
import javax.crypto.SecretKey;
import javax.crypto.spec.HKDFParameterSpec;

import org.jspecify.annotations.Nullable;

/**
 * Encrypts the stored answers of an idempotent call. It follows from the API key's secret (HKDF-SHA-256), which the server does
 * not hold, so that only a further call with that secret can read them. Must not be stored. Derived when it is first asked for:
 * most calls never do.
 */
public final class ReplayKey {

    private static final byte[] PURPOSE = "farthing replay 1".getBytes(StandardCharsets.US_ASCII);

    private final String secret;
    private volatile @Nullable SecretKey key;

    private ReplayKey(String secret) {
        this.secret = secret;
    }

    static ReplayKey of(String secret) {
        return new ReplayKey(secret);
    }

    /** An AES key of 256 bits. */
    public SecretKey aes() {
        SecretKey known = key;
        if (known == null) {
            // Two that ask at once derive the same.
            known = derived();
            key = known;
        }
        return known;
    }

    private SecretKey derived() {
        try {
            return KDF.getInstance("HKDF-SHA256").deriveKey("AES", HKDFParameterSpec.ofExtract()
                    .addIKM(secret.getBytes(StandardCharsets.US_ASCII)).thenExpand(PURPOSE, 32));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String toString() {
        return "replay key";
    }
}
