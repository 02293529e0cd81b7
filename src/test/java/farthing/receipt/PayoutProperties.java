package farthing.receipt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

import farthing.chain.Address;
import farthing.money.Amount;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;

/** The two roundings of a batch. */
class PayoutProperties {

    private static final Address PLATFORM = payee(7);

    @Property
    void debitsOfManyBatchesAreTheDebitOfOne(@ForAll @LongRange(min = 0) long start,
            @ForAll @Size(max = 20) List<@LongRange(min = 0, max = 1L << 50) Long> charges) {
        Amount first = Amount.ofNanos(start);
        Amount before = first;
        Amount debits = Amount.ZERO;
        for (long charge : charges) {
            if (charge > Long.MAX_VALUE - before.nanos()) {
                break;
            }
            Amount after = before.plus(Amount.ofNanos(charge));
            Amount debit = Payout.debit(before, after);
            assertThat(debit.nanos() % 1_000).isZero();
            assertThat(debit.isNegative()).isFalse();
            // Never more than was charged and carried, and less than a micro-unit of that is carried on.
            assertThat(after.nanos() - first.nanos() + first.nanos() % 1_000 - debits.plus(debit).nanos()).isBetween(0L, 999L);
            debits = debits.plus(debit);
            before = after;
        }
        assertThat(debits).isEqualTo(Payout.debit(first, before));
        assertThat(debits.nanos() / 1_000).isEqualTo(before.nanos() / 1_000 - start / 1_000);
    }

    @Property
    void debitsAreExactOrRefusedEverywhere(@ForAll long before, @ForAll long after) {
        BigInteger exact = down(after).subtract(down(before));
        if (down(after).bitLength() < 64 && down(before).bitLength() < 64 && exact.bitLength() < 64) {
            assertThat(Payout.debit(Amount.ofNanos(before), Amount.ofNanos(after)).nanos()).isEqualTo(exact.longValueExact());
        } else {
            assertThatThrownBy(() -> Payout.debit(Amount.ofNanos(before), Amount.ofNanos(after)))
                    .isInstanceOf(ArithmeticException.class);
        }
    }

    @Property
    void nobodyIsCreditedMoreThanIsOwedAndAllNoMoreThanThereIs(
            @ForAll @Size(max = 12) List<@LongRange(min = 0) Long> owed, @ForAll @LongRange(min = 0) long micros,
            @ForAll @LongRange(min = 0, max = 1L << 40) long threshold, @ForAll @IntRange(max = 50) int shift,
            @ForAll @IntRange(max = 2_700) int rows) {
        Map<Address, Amount> due = new HashMap<>();
        for (int i = 0; i < owed.size(); i++) {
            due.put(payee(i + 1), Amount.ofNanos(owed.get(i) >> shift));
        }
        Amount available = Amount.ofNanos((micros >> shift) / 1_000 * 1_000);
        SortedMap<Address, Amount> credits = Payout.credits(due, PLATFORM, Amount.ofNanos(threshold), available, rows);
        BigInteger all = BigInteger.ZERO;
        for (Map.Entry<Address, Amount> credit : credits.entrySet()) {
            Amount its = due.getOrDefault(credit.getKey(), Amount.ZERO);
            assertThat(credit.getValue()).isGreaterThan(Amount.ZERO).isLessThanOrEqualTo(its);
            assertThat(credit.getValue().nanos() % 1_000).isZero();
            assertThat(its.nanos()).isGreaterThanOrEqualTo(threshold);
            all = all.add(BigInteger.valueOf(credit.getValue().nanos()));
        }
        assertThat(all).isLessThanOrEqualTo(BigInteger.valueOf(available.nanos()));
        assertThat(credits.size() + rows).isLessThanOrEqualTo(Payout.MOST_ENTRIES);
        // Who is passed over is below the threshold, or there was no money left, or no room.
        boolean room = credits.size() + rows < 600;
        due.forEach((payee, its) -> {
            Amount credited = credits.getOrDefault(payee, Amount.ZERO);
            boolean enough = its.nanos() >= threshold;
            if (enough && room && its.minus(credited).nanos() >= 1_000) {
                assertThat(Amount.sum(credits.values())).isEqualTo(available);
            }
        });
    }

    @Property
    void rowsAndCreditsReadBackAsTheyWere(@ForAll @Size(max = 12) List<Integer> lines,
            @ForAll @Size(max = 12) List<@LongRange(min = 0, max = Long.MAX_VALUE / 1_000) Long> micros) {
        Map<Integer, Amount> debits = new HashMap<>();
        Map<Address, Amount> amounts = new HashMap<>();
        for (int i = 0; i < Math.min(lines.size(), micros.size()); i++) {
            Amount amount = History.ofMicros(micros.get(i));
            assertThat(amount.nanos()).isEqualTo(micros.get(i) * 1_000);
            debits.put(lines.get(i), amount);
            amounts.put(payee(lines.get(i)), amount);
        }
        ByteBuffer rows = ByteBuffer.wrap(History.rows(debits));
        long last = -1;
        for (int i = 0; i < debits.size(); i++) {
            int line = rows.getInt();
            assertThat(Integer.toUnsignedLong(line)).isGreaterThan(last);
            assertThat(History.ofMicros(rows.getLong())).isEqualTo(debits.get(line));
            last = Integer.toUnsignedLong(line);
        }
        assertThat(rows.hasRemaining()).isFalse();
        ByteBuffer credits = ByteBuffer.wrap(History.credits(amounts));
        String previous = "";
        for (int i = 0; i < amounts.size(); i++) {
            byte[] payee = new byte[20];
            credits.get(payee);
            assertThat(History.ofMicros(credits.getLong())).isEqualTo(amounts.get(Address.of(payee)));
            String text = Address.of(payee).text().toLowerCase();
            assertThat(text).isGreaterThan(previous);
            previous = text;
        }
        assertThat(credits.hasRemaining()).isFalse();
    }

    @Property
    void onlyWholeMicroUnitsThatFitArePacked(@ForAll long nanos) {
        Amount amount = Amount.ofNanos(nanos);
        if (nanos >= 0 && nanos % 1_000 == 0) {
            assertThat(History.ofMicros(History.micros(amount))).isEqualTo(amount);
        } else {
            assertThatThrownBy(() -> History.rows(Map.of(1, amount))).isInstanceOf(IllegalArgumentException.class);
        }
        if (Math.abs(nanos / 2) > Long.MAX_VALUE / 1_000) {
            assertThatThrownBy(() -> History.ofMicros(nanos)).isInstanceOf(ArithmeticException.class);
        }
    }

    private static BigInteger down(long nanos) {
        BigInteger exact = BigInteger.valueOf(nanos);
        return exact.subtract(exact.mod(BigInteger.valueOf(1_000)));
    }

    private static Address payee(int number) {
        return Address.of(ByteBuffer.allocate(20).putInt(number).array());
    }
}
