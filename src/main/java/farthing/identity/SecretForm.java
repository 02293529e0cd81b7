package farthing.identity;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.regex.Pattern;
import java.util.zip.CRC32;

/**
 * The form of a secret: its kind, 256 random bits in 43 characters, the CRC-32 of all that in 6. The start lets scanners find
 * leaked secrets, the end tells a mistyped one from one that never was.
 */
enum SecretForm {
    /** Makes calls. */
    KEY("fk_"),
    /** Manages an account. */
    TOKEN("fp_");

    private static final int RANDOM_BITS = 256;
    private static final int RANDOM_DIGITS = 43;
    private static final int CHECK_DIGITS = 6;
    private static final int SHOWN = 4;
    private static final MessageDigest SHA_256 = sha256();

    private final String start;
    private final Pattern form;

    SecretForm(String start) {
        this.start = start;
        this.form = Pattern.compile(start + "[0-9A-Za-z]{49}");
    }

    String fresh(SecureRandom random) {
        String body = start + Base62.encode(new BigInteger(RANDOM_BITS, random), RANDOM_DIGITS);
        return body + check(body);
    }

    /** Whether it is meant to be one of ours, mistyped or not. */
    static boolean isMeant(String text) {
        return text.startsWith(KEY.start) || text.startsWith(TOKEN.start);
    }

    boolean looksLikeOne(String text) {
        return form.matcher(text).matches();
    }

    boolean checks(String secret) {
        int end = secret.length() - CHECK_DIGITS;
        return secret.substring(end).equals(check(secret.substring(0, end)));
    }

    String prefix(String secret) {
        return secret.substring(0, start.length() + SHOWN);
    }

    /** Plain SHA-256 is enough: nobody guesses 256 random bits. */
    static byte[] hash(String secret) {
        try {
            // Every call hashes its key, and to copy a digest is quicker than to look for one.
            return ((MessageDigest) SHA_256.clone()).digest(secret.getBytes(StandardCharsets.US_ASCII));
        } catch (CloneNotSupportedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static String check(String body) {
        CRC32 crc = new CRC32();
        crc.update(body.getBytes(StandardCharsets.US_ASCII));
        return Base62.encode(BigInteger.valueOf(crc.getValue()), CHECK_DIGITS);
    }
}
