package farthing.metering;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;

import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

import farthing.identity.ReplayKey;

/** AES-256-GCM and HMAC-SHA-256 under keys that only the holder of the API key can derive. */
final class AnswerCipher {

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int IV_BYTES = 12;
    private static final int TAG_BITS = 128;
    private static final byte[] MARK = "farthing secret mark".getBytes(StandardCharsets.US_ASCII);
    private static final int MARK_BYTES = 8;

    private final SecretKey key;
    private final SecretKey macKey;

    AnswerCipher(ReplayKey replayKey) {
        key = replayKey.aes();
        // A key of its own, so that no key serves two algorithms.
        macKey = new SecretKeySpec(hmac(key, "request".getBytes(StandardCharsets.US_ASCII)), "HmacSHA256");
    }

    /** @return 12 bytes of nonce, then ciphertext and tag */
    byte[] encrypt(byte[] plain) {
        byte[] iv = new byte[IV_BYTES];
        RANDOM.nextBytes(iv);
        byte[] sealed = gcm(Cipher.ENCRYPT_MODE, iv, plain);
        byte[] whole = Arrays.copyOf(iv, IV_BYTES + sealed.length);
        System.arraycopy(sealed, 0, whole, IV_BYTES, sealed.length);
        return whole;
    }

    byte[] decrypt(byte[] whole) {
        return gcm(Cipher.DECRYPT_MODE, Arrays.copyOf(whole, IV_BYTES), Arrays.copyOfRange(whole, IV_BYTES, whole.length));
    }

    /** Tells equal requests from different ones and, without the API key, nothing about either. */
    byte[] fingerprint(byte[] request) {
        return hmac(macKey, request);
    }

    /** Tells the secrets of one API key apart, and nothing about any of them. */
    byte[] mark() {
        return Arrays.copyOf(hmac(macKey, MARK), MARK_BYTES);
    }

    private byte[] gcm(int mode, byte[] iv, byte[] bytes) {
        try {
            Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, iv));
            return cipher.doFinal(bytes);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("a kept answer cannot be sealed or opened", e);
        }
    }

    private static byte[] hmac(SecretKey key, byte[] bytes) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key.getEncoded(), "HmacSHA256"));
            return mac.doFinal(bytes);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
