package farthing.identity;

import java.math.BigInteger;
import java.security.SecureRandom;

/** Digits and letters only: no character that a shell, a URL or a double click would stop at. */
class Base62 {

    private static final String DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private static final BigInteger RADIX = BigInteger.valueOf(62);

    private Base62() {
    }

    /** @param length digits; shorter numbers begin with zeroes */
    static String encode(BigInteger number, int length) {
        char[] text = new char[length];
        BigInteger rest = number;
        for (int i = length - 1; i >= 0; i--) {
            BigInteger[] parts = rest.divideAndRemainder(RADIX);
            text[i] = DIGITS.charAt(parts[1].intValue());
            rest = parts[0];
        }
        if (rest.signum() != 0) {
            throw new IllegalArgumentException("the number needs more than " + length + " digits");
        }
        return new String(text);
    }

    static String random(SecureRandom random, int length) {
        StringBuilder text = new StringBuilder(length);
        for (int i = 0; i < length; i++) {
            text.append(DIGITS.charAt(random.nextInt(DIGITS.length())));
        }
        return text.toString();
    }
}
