package farthing.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

import farthing.money.Amount;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;

/** What is posted adds up to zero, or is not posted. */
class EntryProperties {

    @Property
    void postingsAddUpToZeroOrAreRefused(@ForAll @Size(max = 8) List<Long> nanos) {
        BigInteger sum = nanos.stream().map(BigInteger::valueOf).reduce(BigInteger.ZERO, BigInteger::add);
        List<Posting> postings = postings(nanos);
        if (sum.signum() != 0) {
            assertThatThrownBy(() -> entry(postings)).isInstanceOfAny(IllegalArgumentException.class,
                    ArithmeticException.class);
        }
        if (sum.bitLength() < 64 && sum.negate().bitLength() < 64) {
            List<Posting> balanced = new ArrayList<>(postings);
            balanced.add(new Posting(Account.charges(), Amount.ofNanos(sum.negate().longValueExact())));
            try {
                assertThat(entry(balanced).postings()).isEqualTo(balanced);
            } catch (ArithmeticException onItsWay) {
                // Refused, never wrapped: some sum on the way left the range.
                BigInteger running = BigInteger.ZERO;
                boolean left = false;
                for (long each : nanos) {
                    running = running.add(BigInteger.valueOf(each));
                    left |= running.bitLength() > 63;
                }
                assertThat(left).isTrue();
            }
        }
    }

    /** 2⁶⁴ wraps to zero: four quarters of it have to be refused all the same. */
    @Property(tries = 200)
    void whatIsZeroOnlyByWrappingIsRefused(@ForAll long part) {
        long half = Long.MIN_VALUE;
        assertThatThrownBy(() -> entry(postings(List.of(half, half)))).isInstanceOf(ArithmeticException.class);
        long rest = half - part;
        List<Posting> wrapping = postings(List.of(half, part, rest));
        BigInteger sum = BigInteger.valueOf(half).add(BigInteger.valueOf(part)).add(BigInteger.valueOf(rest));
        if (sum.signum() != 0) {
            assertThatThrownBy(() -> entry(wrapping)).isInstanceOfAny(ArithmeticException.class,
                    IllegalArgumentException.class);
        } else {
            assertThat(entry(wrapping).postings()).hasSize(3);
        }
    }

    @Property
    void aTransferTakesWhatItGives(@ForAll long nanos) {
        if (nanos == Long.MIN_VALUE) {
            assertThatThrownBy(() -> transfer(nanos)).isInstanceOf(ArithmeticException.class);
            return;
        }
        List<Posting> postings = transfer(nanos).postings();
        assertThat(Math.addExact(postings.get(0).amount().nanos(), postings.get(1).amount().nanos())).isZero();
        assertThat(postings.get(1).amount().nanos()).isEqualTo(nanos);
    }

    private static Entry transfer(long nanos) {
        return Entry.transfer("test", "test", Instant.EPOCH, Account.deposits(), Account.charges(), Amount.ofNanos(nanos));
    }

    private static Entry entry(List<Posting> postings) {
        return new Entry("test", "test", Instant.EPOCH, postings);
    }

    private static List<Posting> postings(List<Long> nanos) {
        return nanos.stream().map(each -> new Posting(Account.charges(), Amount.ofNanos(each))).toList();
    }
}
