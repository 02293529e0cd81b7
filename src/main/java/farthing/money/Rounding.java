package farthing.money;

import java.math.BigInteger;

/** Integer division of products that may not fit a {@code long}; the direction is in the name. */
public final class Rounding {

    private Rounding() {
    }

    /** ⌊a × b / divisor⌋ for a, b ≥ 0 and divisor > 0. */
    public static long multiplyDivideDown(long a, long b, long divisor) {
        if (Math.multiplyHigh(a, b) == 0 && a * b >= 0) {
            return a * b / divisor;
        }
        return BigInteger.valueOf(a).multiply(BigInteger.valueOf(b)).divide(BigInteger.valueOf(divisor)).longValueExact();
    }

    static long multiplyModulo(long a, long b, long divisor) {
        if (Math.multiplyHigh(a, b) == 0 && a * b >= 0) {
            return a * b % divisor;
        }
        return BigInteger.valueOf(a).multiply(BigInteger.valueOf(b)).mod(BigInteger.valueOf(divisor)).longValueExact();
    }
}
