package farthing.money;

import java.math.BigInteger;

/** Integer division of products that may not fit a {@code long}; the direction is in the name. */
public final class Rounding {

    private Rounding() {
    }

    /**
     * ⌊a × b / divisor⌋ for divisor > 0.
     *
     * @throws ArithmeticException when that does not fit a {@code long}
     */
    public static long multiplyDivideDown(long a, long b, long divisor) {
        requirePositive(divisor);
        long low = a * b;
        if (fits(a, b, low)) {
            return Math.floorDiv(low, divisor);
        }
        BigInteger[] parts = product(a, b).divideAndRemainder(BigInteger.valueOf(divisor));
        return (parts[1].signum() < 0 ? parts[0].subtract(BigInteger.ONE) : parts[0]).longValueExact();
    }

    /** What {@link #multiplyDivideDown} leaves over: a × b − divisor × ⌊a × b / divisor⌋, from 0 to divisor − 1. */
    static long multiplyModulo(long a, long b, long divisor) {
        requirePositive(divisor);
        long low = a * b;
        return fits(a, b, low) ? Math.floorMod(low, divisor) : product(a, b).mod(BigInteger.valueOf(divisor)).longValueExact();
    }

    /** Whether the low half of the product is the whole product. */
    private static boolean fits(long a, long b, long low) {
        return Math.multiplyHigh(a, b) == low >> 63;
    }

    private static BigInteger product(long a, long b) {
        return BigInteger.valueOf(a).multiply(BigInteger.valueOf(b));
    }

    private static void requirePositive(long divisor) {
        if (divisor <= 0) {
            throw new ArithmeticException("divided by " + divisor);
        }
    }
}
