package farthing.money;

import java.util.Arrays;

/**
 * A sum of the settlement token in nanos (1e-9 token). Arithmetic is checked: what does not fit a {@code long} throws
 * {@link ArithmeticException} instead of wrapping.
 *
 * @param nanos may be negative (a posting's sign); a balance never is
 */
public record Amount(long nanos) implements Comparable<Amount> {

    public static final Amount ZERO = new Amount(0);

    /** One whole token. */
    public static final long NANOS_PER_TOKEN = 1_000_000_000L;

    public static Amount ofNanos(long nanos) {
        return nanos == 0 ? ZERO : new Amount(nanos);
    }

    /** @param tokens whole tokens, e.g. 25 for $25 */
    public static Amount ofTokens(long tokens) {
        return ofNanos(Math.multiplyExact(tokens, NANOS_PER_TOKEN));
    }

    public static Amount sum(Iterable<Amount> amounts) {
        Amount total = ZERO;
        for (Amount amount : amounts) {
            total = total.plus(amount);
        }
        return total;
    }

    public Amount plus(Amount other) {
        return ofNanos(Math.addExact(nanos, other.nanos));
    }

    public Amount minus(Amount other) {
        return ofNanos(Math.subtractExact(nanos, other.nanos));
    }

    public Amount negated() {
        return ofNanos(Math.negateExact(nanos));
    }

    public boolean isZero() {
        return nanos == 0;
    }

    public boolean isNegative() {
        return nanos < 0;
    }

    public boolean isLessThan(Amount other) {
        return nanos < other.nanos;
    }

    public Amount min(Amount other) {
        return nanos <= other.nanos ? this : other;
    }

    public Amount max(Amount other) {
        return nanos >= other.nanos ? this : other;
    }

    /**
     * Divides this amount in proportion to the weights by largest remainder, so that the parts add up to it exactly. Equal
     * remainders go to the earlier part.
     *
     * @param weights each ≥ 0, at least one > 0
     * @throws IllegalArgumentException for a negative amount, a negative weight or no weight at all
     */
    public Amount[] dividedByLargestRemainder(long... weights) {
        if (nanos < 0) {
            throw new IllegalArgumentException("cannot divide the negative amount " + this);
        }
        long total = 0;
        for (long weight : weights) {
            if (weight < 0) {
                throw new IllegalArgumentException("negative weight " + weight);
            }
            total = Math.addExact(total, weight);
        }
        if (total == 0) {
            throw new IllegalArgumentException("no positive weight among " + weights.length);
        }
        long[] parts = new long[weights.length];
        long[] remainders = new long[weights.length];
        long left = nanos;
        for (int i = 0; i < weights.length; i++) {
            parts[i] = Rounding.multiplyDivideDown(nanos, weights[i], total);
            remainders[i] = Rounding.multiplyModulo(nanos, weights[i], total);
            left -= parts[i];
        }
        // Fewer nanos than parts are left over, so one pass over the largest remainders hands them all out.
        Integer[] order = new Integer[weights.length];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, (a, b) -> Long.compare(remainders[b], remainders[a]));
        for (int i = 0; left > 0; i++, left--) {
            parts[order[i]]++;
        }
        return Arrays.stream(parts).mapToObj(Amount::ofNanos).toArray(Amount[]::new);
    }

    @Override
    public int compareTo(Amount other) {
        return Long.compare(nanos, other.nanos);
    }

    @Override
    public String toString() {
        return nanos + " nanos";
    }
}
