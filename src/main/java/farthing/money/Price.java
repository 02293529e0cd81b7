package farthing.money;

import java.math.BigInteger;

/**
 * What a version costs. All four parts are nanos and add up.
 *
 * @param perMillionInputTokens nanos for 1,000,000 tokens of input
 * @param perMillionOutputTokens nanos for 1,000,000 tokens of output
 * @param perCall nanos for each call that succeeds
 * @param perItem nanos for each text, document or image of a call
 */
public record Price(long perMillionInputTokens, long perMillionOutputTokens, long perCall, long perItem) {

    private static final BigInteger MILLION = BigInteger.valueOf(1_000_000);

    public Price {
        if (perMillionInputTokens < 0 || perMillionOutputTokens < 0 || perCall < 0 || perItem < 0) {
            throw new IllegalArgumentException("a price has no negative part");
        }
    }

    /**
     * The charge for counted units:
     * {@code ⌊(in × perMillionInput + out × perMillionOutput) / 1e6⌋ + perCall + items × perItem}.
     * It is rounded once per call, down, in the payer's favour.
     *
     * @throws ArithmeticException when the charge exceeds a {@code long}
     */
    public Amount chargeRoundedDown(long inputTokens, long outputTokens, long items) {
        BigInteger tokens = product(inputTokens, perMillionInputTokens).add(product(outputTokens, perMillionOutputTokens));
        long fixed = Math.addExact(perCall, Math.multiplyExact(items, perItem));
        return Amount.ofNanos(Math.addExact(tokens.divide(MILLION).longValueExact(), fixed));
    }

    /**
     * The most output tokens that a budget affords beside the input, or -1 where it does not even pay for the input.
     *
     * @param most answer at most this many
     */
    public int outputTokensAffordedDown(Amount budget, long inputTokens, long items, int most) {
        if (budget.isLessThan(chargeRoundedDown(inputTokens, 0, items))) {
            return -1;
        }
        if (!budget.isLessThan(chargeRoundedDown(inputTokens, most, items))) {
            return most;
        }
        // out × p < (rest + 1) × 1e6 − in × p_in  is the exact inverse of the floor in the charge.
        long rest = budget.nanos() - perCall - items * perItem;
        BigInteger room = BigInteger.valueOf(rest).add(BigInteger.ONE).multiply(MILLION).subtract(BigInteger.ONE)
                .subtract(product(inputTokens, perMillionInputTokens));
        return room.divide(BigInteger.valueOf(perMillionOutputTokens)).intValueExact();
    }

    private static BigInteger product(long units, long nanos) {
        return BigInteger.valueOf(units).multiply(BigInteger.valueOf(nanos));
    }
}
