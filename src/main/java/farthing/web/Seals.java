package farthing.web;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;

import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;

import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/** Seals the secrets that this server has to use itself, under {@code FARTHING_SECRETS_KEY}, which is not in the database. */
@Singleton
public final class Seals {

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int SHORTEST_KEY = 32;
    private static final int IV_BYTES = 12;
    private static final int TAG_BITS = 128;

    /** There is no key to seal with. */
    public static final class NoKey extends Exception {
        private NoKey() {
            super("this server's operator has to set FARTHING_SECRETS_KEY");
        }
    }

    private final @Nullable SecretKeySpec key;

    /** @param configured at least 32 characters; a trial makes its own, production does without while nothing is sealed */
    @Inject
    public Seals(@ConfigProperty(name = "farthing.secrets-key") Optional<String> configured, Site site, KeyFolder keys) {
        this.key = configured.or(() -> site.production() ? Optional.empty() : Optional.of(keys.get("secrets-key", () -> {
            byte[] bytes = new byte[32];
            RANDOM.nextBytes(bytes);
            return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
        }))).map(Seals::key).orElse(null);
    }

    private Seals(SecretKeySpec key) {
        this.key = key;
    }

    /** Without settings. @param key at least 32 characters */
    public static Seals under(String key) {
        return new Seals(key(key));
    }

    private static SecretKeySpec key(String text) {
        if (text.length() < SHORTEST_KEY) {
            throw new IllegalStateException("FARTHING_SECRETS_KEY has " + text.length() + " characters; it needs at least "
                    + SHORTEST_KEY);
        }
        try {
            // It is random already: a hash makes it as long as AES needs it.
            return new SecretKeySpec(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)), "AES");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** @param of what it belongs to; opened for anything else it opens nothing */
    public byte[] seal(String of, String secret) throws NoKey {
        if (key == null) {
            throw new NoKey();
        }
        byte[] iv = new byte[IV_BYTES];
        RANDOM.nextBytes(iv);
        try {
            byte[] sealed = cipher(Cipher.ENCRYPT_MODE, key, iv, of).doFinal(secret.getBytes(StandardCharsets.UTF_8));
            byte[] whole = Arrays.copyOf(iv, IV_BYTES + sealed.length);
            System.arraycopy(sealed, 0, whole, IV_BYTES, sealed.length);
            return whole;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** @throws IllegalStateException if it was sealed for something else, or under another key */
    public String open(String of, byte[] sealed) {
        try {
            return opened(of, sealed);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("the secret of " + of + " cannot be opened", e);
        }
    }

    /**
     * For the start: a server that could not use the secrets it keeps does not start.
     *
     * @param what they are, in the plural
     * @throws IllegalStateException saying which setting is wrong
     */
    public void requireOpens(String what, String of, byte[] sealed) {
        if (key == null) {
            throw new IllegalStateException(
                    what + " are kept here, and FARTHING_SECRETS_KEY is missing, under which they are sealed");
        }
        try {
            opened(of, sealed);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("FARTHING_SECRETS_KEY is not the one under which " + what + " are kept here", e);
        }
    }

    private String opened(String of, byte[] sealed) throws GeneralSecurityException {
        if (key == null) {
            throw new GeneralSecurityException("there is no key");
        }
        byte[] plain = cipher(Cipher.DECRYPT_MODE, key, Arrays.copyOf(sealed, IV_BYTES), of).doFinal(sealed, IV_BYTES,
                sealed.length - IV_BYTES);
        return new String(plain, StandardCharsets.UTF_8);
    }

    /** Bound to what it belongs to: a row that is copied to another name sends its secret nowhere. */
    private static Cipher cipher(int mode, SecretKeySpec key, byte[] iv, String of) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, iv));
        cipher.updateAAD(of.getBytes(StandardCharsets.UTF_8));
        return cipher;
    }
}
