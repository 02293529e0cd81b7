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
     * @throws IllegalArgumentException when a count is negative
     */
    public Amount chargeRoundedDown(long inputTokens, long outputTokens, long items) {
        BigInteger tokens = product(inputTokens, perMillionInputTokens).add(product(outputTokens, perMillionOutputTokens));
        return Amount.ofNanos(tokens.divide(MILLION).add(fixed(items)).longValueExact());
    }

    /**
     * The most output tokens that a budget affords beside the input, or -1 where it does not even pay for the input. Whatever
     * the price: a charge that exceeds a {@code long} is one that no budget affords.
     *
     * @param most answer at most this many
     */
    public int outputTokensAffordedDown(Amount budget, long inputTokens, long items, int most) {
        // in × p_in + out × p_out < (budget − fixed + 1) × 1e6  is the exact inverse of the floor in the charge.
        BigInteger room = BigInteger.valueOf(budget.nanos()).subtract(fixed(items)).add(BigInteger.ONE).multiply(MILLION)
                .subtract(BigInteger.ONE).subtract(product(inputTokens, perMillionInputTokens));
        if (room.signum() < 0) {
            return -1;
        }
        if (perMillionOutputTokens == 0) {
            return most;
        }
        return room.divide(BigInteger.valueOf(perMillionOutputTokens)).min(BigInteger.valueOf(most)).intValueExact();
    }

    private BigInteger fixed(long items) {
        return product(items, perItem).add(BigInteger.valueOf(perCall));
    }

    private static BigInteger product(long units, long nanos) {
        if (units < 0) {
            throw new IllegalArgumentException(units + " tokens or items");
        }
        return BigInteger.valueOf(units).multiply(BigInteger.valueOf(nanos));
    }
}
