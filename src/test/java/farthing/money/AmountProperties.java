package farthing.money;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;

/** At the edges of {@code long} and between them, against numbers without edges. */
class AmountProperties {

    @Property
    void sumsAreExactOrRefused(@ForAll long a, @ForAll long b) {
        exactOrRefused(BigInteger.valueOf(a).add(BigInteger.valueOf(b)), () -> Amount.ofNanos(a).plus(Amount.ofNanos(b)));
    }

    @Property
    void differencesAreExactOrRefused(@ForAll long a, @ForAll long b) {
        exactOrRefused(BigInteger.valueOf(a).subtract(BigInteger.valueOf(b)),
                () -> Amount.ofNanos(a).minus(Amount.ofNanos(b)));
    }

    @Property
    void whatIsNegatedIsExactOrRefused(@ForAll long a) {
        exactOrRefused(BigInteger.valueOf(a).negate(), () -> Amount.ofNanos(a).negated());
    }

    @Property
    void wholeTokensAreExactOrRefused(@ForAll long tokens) {
        exactOrRefused(BigInteger.valueOf(tokens).multiply(BigInteger.valueOf(Amount.NANOS_PER_TOKEN)),
                () -> Amount.ofTokens(tokens));
    }

    /** In the order given: a sum that leaves the range on its way is refused even where its end would be in it again. */
    @Property
    void longSumsNeverWrap(@ForAll @Size(max = 12) List<Long> nanos) {
        BigInteger sum = BigInteger.ZERO;
        boolean fits = true;
        for (long each : nanos) {
            sum = sum.add(BigInteger.valueOf(each));
            fits &= sum.bitLength() < 64;
        }
        List<Amount> amounts = nanos.stream().map(Amount::ofNanos).toList();
        if (fits) {
            assertThat(Amount.sum(amounts).nanos()).isEqualTo(sum.longValueExact());
        } else {
            assertThatThrownBy(() -> Amount.sum(amounts)).isInstanceOf(ArithmeticException.class);
        }
    }

    @Property
    void amountsAreOrderedAsTheirNanos(@ForAll long a, @ForAll long b) {
        Amount one = Amount.ofNanos(a);
        Amount other = Amount.ofNanos(b);
        assertThat(one.isLessThan(other)).isEqualTo(a < b);
        assertThat(Integer.signum(one.compareTo(other))).isEqualTo(Long.compare(a, b));
        assertThat(one.min(other).nanos()).isEqualTo(Math.min(a, b));
        assertThat(one.max(other).nanos()).isEqualTo(Math.max(a, b));
        assertThat(one.isNegative()).isEqualTo(a < 0);
        assertThat(one.isZero()).isEqualTo(a == 0);
    }

    @Property
    void productsAreDividedAsIfTheyHadRoom(@ForAll long a, @ForAll long b, @ForAll @LongRange(min = 1) long divisor) {
        BigInteger product = BigInteger.valueOf(a).multiply(BigInteger.valueOf(b));
        BigInteger modulo = product.mod(BigInteger.valueOf(divisor));
        BigInteger floor = product.subtract(modulo).divide(BigInteger.valueOf(divisor));
        exactOrRefused(floor, () -> Amount.ofNanos(Rounding.multiplyDivideDown(a, b, divisor)));
        assertThat(Rounding.multiplyModulo(a, b, divisor)).isEqualTo(modulo.longValueExact());
    }

    @Property
    void nothingIsDividedByNothing(@ForAll long a, @ForAll long b,
            @ForAll @LongRange(min = Long.MIN_VALUE, max = 0) long divisor) {
        assertThatThrownBy(() -> Rounding.multiplyDivideDown(a, b, divisor)).isInstanceOf(ArithmeticException.class);
        assertThatThrownBy(() -> Rounding.multiplyModulo(a, b, divisor)).isInstanceOf(ArithmeticException.class);
    }

    /** Also with weights that do not fit together: then nothing is divided. */
    @Property
    void partsAreWhatTheLargestRemaindersMakeThem(@ForAll @LongRange(min = 0) long nanos,
            @ForAll @Size(min = 1, max = 9) List<@LongRange(min = 0) Long> someWeights, @ForAll @IntRange(max = 62) int shift,
            @ForAll boolean alike) {
        // Shifted, so that most fit together; alike, so that remainders are equal.
        List<Long> weights = someWeights.stream().map(weight -> (alike ? someWeights.getFirst() : weight) >> shift).toList();
        BigInteger total = weights.stream().map(BigInteger::valueOf).reduce(BigInteger.ZERO, BigInteger::add);
        long[] given = weights.stream().mapToLong(Long::longValue).toArray();
        Amount amount = Amount.ofNanos(nanos);
        if (total.bitLength() > 63) {
            assertThatThrownBy(() -> amount.dividedByLargestRemainder(given)).isInstanceOf(ArithmeticException.class);
            return;
        }
        if (total.signum() == 0) {
            assertThatThrownBy(() -> amount.dividedByLargestRemainder(given)).isInstanceOf(IllegalArgumentException.class);
            return;
        }
        List<BigInteger> floors = new ArrayList<>();
        List<BigInteger> remainders = new ArrayList<>();
        for (long weight : weights) {
            BigInteger[] parts = BigInteger.valueOf(nanos).multiply(BigInteger.valueOf(weight)).divideAndRemainder(total);
            floors.add(parts[0]);
            remainders.add(parts[1]);
        }
        int left = BigInteger.valueOf(nanos).subtract(floors.stream().reduce(BigInteger.ZERO, BigInteger::add)).intValueExact();
        Amount[] parts = amount.dividedByLargestRemainder(given);
        for (int i = 0; i < parts.length; i++) {
            int its = i;
            // How many come before it: larger remainders, and equal ones that stand earlier.
            long before = IntStream.range(0, parts.length).filter(j -> remainders.get(j).compareTo(remainders.get(its)) > 0
                    || j < its && remainders.get(j).equals(remainders.get(its))).count();
            assertThat(parts[i].nanos()).as("part %d of %s by %s", i, nanos, weights)
                    .isEqualTo(floors.get(i).longValueExact() + (before < left ? 1 : 0));
            assertThat(weights.get(i) == 0 && !parts[i].isZero()).isFalse();
        }
        assertThat(Amount.sum(List.of(parts))).isEqualTo(amount);
    }

    @Property
    void noNegativeIsDivided(@ForAll @LongRange(min = Long.MIN_VALUE, max = -1) long negative,
            @ForAll @LongRange(min = 1) long other) {
        assertThatThrownBy(() -> Amount.ofNanos(negative).dividedByLargestRemainder(1, other))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Amount.ofNanos(other).dividedByLargestRemainder(other, negative))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Property
    void theFivePartsOfASplitAddUpToTheCharge(@ForAll @LongRange(min = 0) long charge,
            @ForAll @IntRange(max = 10_000) int developer,
            @ForAll @IntRange(max = 10_000) int base, @ForAll @IntRange(max = 10_000) int data,
            @ForAll @IntRange(max = 10_000) int validators) {
        int second = Math.min(base, Split.WHOLE - developer);
        int third = Math.min(data, Split.WHOLE - developer - second);
        int fourth = Math.min(validators, Split.WHOLE - developer - second - third);
        Split split = new Split(developer, second, third, fourth, Split.WHOLE - developer - second - third - fourth);
        Split.Parts parts = split.divide(Amount.ofNanos(charge));
        List<Amount> five = List.of(parts.developer(), parts.baseModel(), parts.dataPool(), parts.validators(),
                parts.platform());
        List<Integer> points = List.of(split.developer(), split.baseModel(), split.dataPool(), split.validators(),
                split.platform());
        assertThat(Amount.sum(five).nanos()).isEqualTo(charge);
        for (int i = 0; i < 5; i++) {
            BigInteger off = BigInteger.valueOf(five.get(i).nanos()).multiply(BigInteger.valueOf(Split.WHOLE))
                    .subtract(BigInteger.valueOf(charge).multiply(BigInteger.valueOf(points.get(i))));
            assertThat(off.abs()).isLessThan(BigInteger.valueOf(Split.WHOLE));
        }
        assertThat(Split.Parts.NONE.plus(parts)).isEqualTo(parts);
    }

    @Property
    void aSplitIsOfFivePartsThatMakeAWhole(@ForAll int developer, @ForAll int base, @ForAll int data, @ForAll int validators) {
        long rest = (long) Split.WHOLE - developer - base - data - validators;
        int platform = (int) rest;
        if (rest != platform || developer < 0 || base < 0 || data < 0 || validators < 0 || platform < 0) {
            // Also where the five add up to 10,000 only by wrapping.
            assertThatThrownBy(() -> new Split(developer, base, data, validators, platform))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Property
    void aChargeIsTheExactPriceRoundedDownOnce(@ForAll @LongRange(min = 0) long input, @ForAll @LongRange(min = 0) long output,
            @ForAll @LongRange(min = 0) long call, @ForAll @LongRange(min = 0) long item,
            @ForAll @LongRange(min = 0) long tokensIn, @ForAll @LongRange(min = 0) long tokensOut,
            @ForAll @LongRange(min = 0) long items, @ForAll @IntRange(max = 50) int shift) {
        // Shifted, so that most charges fit.
        Price price = new Price(input >> shift, output >> shift, call >> shift, item >> shift);
        long in = tokensIn >> shift;
        long out = tokensOut >> shift;
        long pieces = items >> shift;
        exactOrRefused(charge(price, in, out, pieces), () -> price.chargeRoundedDown(in, out, pieces));
    }

    @Property
    void nobodyIsChargedForLessThanNothing(@ForAll @LongRange(min = Long.MIN_VALUE, max = -1) long negative) {
        Price price = new Price(1, 1, 1, 1);
        assertThatThrownBy(() -> price.chargeRoundedDown(negative, 0, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> price.chargeRoundedDown(0, negative, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> price.chargeRoundedDown(0, 0, negative)).isInstanceOf(IllegalArgumentException.class);
    }

    @Property
    void aChargeGrowsWithWhatIsCharged(@ForAll @LongRange(min = 0, max = 1L << 40) long input,
            @ForAll @LongRange(min = 0, max = 1L << 40) long output, @ForAll @IntRange(max = 1 << 20) int in,
            @ForAll @IntRange(max = 1 << 20) int out, @ForAll @IntRange(max = 1 << 10) int more) {
        Price price = new Price(input, output, 3, 5);
        Amount charge = price.chargeRoundedDown(in, out, 1);
        assertThat(price.chargeRoundedDown(in + more, out, 1)).isGreaterThanOrEqualTo(charge);
        assertThat(price.chargeRoundedDown(in, out + more, 1)).isGreaterThanOrEqualTo(charge);
        assertThat(price.chargeRoundedDown(in, out, 1 + more)).isGreaterThanOrEqualTo(charge);
    }

    /** At every price and budget, those included whose charge no long holds. */
    @Property
    void whatABudgetAffordsIsTheMostThatItPaysFor(@ForAll long budget, @ForAll @LongRange(min = 0) long input,
            @ForAll @LongRange(min = 0) long output, @ForAll @LongRange(min = 0) long call,
            @ForAll @IntRange(min = 0) int tokensIn, @ForAll @IntRange(min = 0) int most,
            @ForAll @IntRange(max = 50) int shift) {
        Price price = new Price(input >> shift, output >> shift, call >> shift, 3);
        int tokens = price.outputTokensAffordedDown(Amount.ofNanos(budget), tokensIn, 1, most);
        BigInteger all = BigInteger.valueOf(budget);
        if (tokens < 0) {
            assertThat(tokens).isEqualTo(-1);
            assertThat(charge(price, tokensIn, 0, 1)).isGreaterThan(all);
        } else {
            assertThat(tokens).isLessThanOrEqualTo(most);
            assertThat(charge(price, tokensIn, tokens, 1)).isLessThanOrEqualTo(all);
            assertThat(tokens == most || charge(price, tokensIn, tokens + 1L, 1).compareTo(all) > 0).isTrue();
        }
    }

    @Property
    void moreBudgetAffordsNoLess(@ForAll @LongRange(min = 0, max = 1L << 40) long budget,
            @ForAll @LongRange(min = 0, max = 1L << 20) long more, @ForAll @LongRange(min = 0, max = 1L << 33) long input,
            @ForAll @LongRange(min = 0, max = 1L << 33) long output, @ForAll @IntRange(max = 4096) int in) {
        Price price = new Price(input, output, 17, 3);
        int affords = price.outputTokensAffordedDown(Amount.ofNanos(budget), in, 1, 4096);
        assertThat(price.outputTokensAffordedDown(Amount.ofNanos(budget + more), in, 1, 4096)).isGreaterThanOrEqualTo(affords);
        assertThat(price.outputTokensAffordedDown(Amount.ofNanos(budget), in + 1, 1, 4096)).isLessThanOrEqualTo(affords);
    }

    private static BigInteger charge(Price price, long in, long out, long items) {
        return BigInteger.valueOf(in).multiply(BigInteger.valueOf(price.perMillionInputTokens()))
                .add(BigInteger.valueOf(out).multiply(BigInteger.valueOf(price.perMillionOutputTokens())))
                .divide(BigInteger.valueOf(1_000_000)).add(BigInteger.valueOf(price.perCall()))
                .add(BigInteger.valueOf(items).multiply(BigInteger.valueOf(price.perItem())));
    }

    private static void exactOrRefused(BigInteger exact, Supplier<Amount> computed) {
        if (exact.bitLength() < 64) {
            assertThat(computed.get().nanos()).isEqualTo(exact.longValueExact());
        } else {
            assertThatThrownBy(computed::get).isInstanceOf(ArithmeticException.class);
        }
    }
}
