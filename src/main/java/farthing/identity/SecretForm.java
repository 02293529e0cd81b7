package farthing.identity;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.regex.Pattern;
import java.util.zip.CRC32;

/**
 * The form of a key's secret: {@code fk_}, 256 random bits in 43 characters, their CRC-32 in 6. The start lets scanners find
 * leaked keys, the end tells a mistyped key from one that never was.
 */
class SecretForm {

    private static final String START = "fk_";
    private static final int RANDOM_BITS = 256;
    private static final int RANDOM_DIGITS = 43;
    private static final int CHECK_DIGITS = 6;
    private static final int SHOWN = START.length() + 4;
    private static final Pattern FORM = Pattern.compile(START + "[0-9A-Za-z]{" + (RANDOM_DIGITS + CHECK_DIGITS) + "}");

    private SecretForm() {
    }

    static String fresh(SecureRandom random) {
        String body = START + Base62.encode(new BigInteger(RANDOM_BITS, random), RANDOM_DIGITS);
        return body + check(body);
    }

    static boolean looksLikeOne(String text) {
        return FORM.matcher(text).matches();
    }

    static boolean checks(String secret) {
        int end = secret.length() - CHECK_DIGITS;
        return secret.substring(end).equals(check(secret.substring(0, end)));
    }

    static String prefix(String secret) {
        return secret.substring(0, SHOWN);
    }

    /** Plain SHA-256 is enough: nobody guesses 256 random bits. */
    static byte[] hash(String secret) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.US_ASCII));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String check(String body) {
        CRC32 crc = new CRC32();
        crc.update(body.getBytes(StandardCharsets.US_ASCII));
        return Base62.encode(BigInteger.valueOf(crc.getValue()), CHECK_DIGITS);
    }
}
