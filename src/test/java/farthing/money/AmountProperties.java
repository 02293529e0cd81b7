package farthing.money;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.util.List;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;

class AmountProperties {

    @Property
    void sumsAreExactOrRefused(@ForAll long a, @ForAll long b) {
        BigInteger exact = BigInteger.valueOf(a).add(BigInteger.valueOf(b));
        if (exact.bitLength() < 64) {
            assertThat(Amount.ofNanos(a).plus(Amount.ofNanos(b)).nanos()).isEqualTo(exact.longValueExact());
        } else {
            assertThatThrownBy(() -> Amount.ofNanos(a).plus(Amount.ofNanos(b))).isInstanceOf(ArithmeticException.class);
        }
    }

    @Property
    void theFivePartsOfASplitAddUpToTheCharge(@ForAll @LongRange(min = 0) long charge,
            @ForAll @IntRange(max = 10_000) int developer,
            @ForAll @IntRange(max = 10_000) int base, @ForAll @IntRange(max = 10_000) int data) {
        int first = developer;
        int second = Math.min(base, Split.WHOLE - first);
        int third = Math.min(data, Split.WHOLE - first - second);
        Split split = new Split(first, second, third, 0, Split.WHOLE - first - second - third);
        Split.Parts parts = split.divide(Amount.ofNanos(charge));
        assertThat(Amount
                .sum(List.of(parts.developer(), parts.baseModel(), parts.dataPool(), parts.validators(), parts.platform()))
                .nanos()).isEqualTo(charge);
        assertThat(parts.validators().nanos()).isZero();
    }

    @Property
    void eachPartIsWithinOneNanoOfItsExactShare(@ForAll @LongRange(min = 0) long nanos,
            @ForAll @Size(min = 1, max = 9) List<@IntRange(max = 1_000_000) Integer> weights) {
        long total = weights.stream().mapToLong(Integer::longValue).sum();
        if (total == 0) {
            return;
        }
        Amount[] parts = Amount.ofNanos(nanos)
                .dividedByLargestRemainder(weights.stream().mapToLong(Integer::longValue).toArray());
        for (int i = 0; i < parts.length; i++) {
            BigInteger scaled = BigInteger.valueOf(parts[i].nanos()).multiply(BigInteger.valueOf(total));
            BigInteger exact = BigInteger.valueOf(nanos).multiply(BigInteger.valueOf(weights.get(i)));
            assertThat(scaled.subtract(exact).abs()).isLessThan(BigInteger.valueOf(total));
        }
        assertThat(Amount.sum(List.of(parts)).nanos()).isEqualTo(nanos);
    }

    @Property
    void aChargeIsTheExactPriceRoundedDownOnce(@ForAll @LongRange(min = 0, max = 1L << 40) long input,
            @ForAll @LongRange(min = 0, max = 1L << 40) long output, @ForAll @LongRange(min = 0, max = 1L << 32) long in,
            @ForAll @IntRange(max = 1 << 24) int tokensIn, @ForAll @IntRange(max = 1 << 24) int tokensOut) {
        BigInteger exact = BigInteger.valueOf(input).multiply(BigInteger.valueOf(tokensIn))
                .add(BigInteger.valueOf(output).multiply(BigInteger.valueOf(tokensOut))).divide(BigInteger.valueOf(1_000_000))
                .add(BigInteger.valueOf(in));
        assertThat(new Price(input, output, in, 0).chargeRoundedDown(tokensIn, tokensOut, 1).nanos())
                .isEqualTo(exact.longValueExact());
    }

    @Property
    void whatABudgetAffordsIsTheMostThatItPaysFor(@ForAll @LongRange(min = 0, max = 1L << 33) long budget,
            @ForAll @LongRange(min = 0, max = 1L << 33) long input, @ForAll @LongRange(min = 1, max = 1L << 33) long output,
            @ForAll @IntRange(max = 4096) int tokensIn, @ForAll @IntRange(max = 4096) int most) {
        Price price = new Price(input, output, 17, 3);
        Amount amount = Amount.ofNanos(budget);
        int tokens = price.outputTokensAffordedDown(amount, tokensIn, 1, most);
        if (tokens < 0) {
            assertThat(price.chargeRoundedDown(tokensIn, 0, 1)).isGreaterThan(amount);
        } else {
            assertThat(price.chargeRoundedDown(tokensIn, tokens, 1)).isLessThanOrEqualTo(amount);
            assertThat(tokens == most || amount.isLessThan(price.chargeRoundedDown(tokensIn, tokens + 1, 1))).isTrue();
        }
    }
}
