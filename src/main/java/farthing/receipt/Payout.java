package farthing.receipt;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

import farthing.chain.Address;
import farthing.money.Amount;

/** The two roundings of a batch: what a line is debited, and who is credited what. */
public final class Payout {

    /** Rows and credits together that the vault takes in one batch. */
    public static final int MOST_ENTRIES = 2_700;

    private static final long NANOS_PER_MICRO = 1_000;

    /** Of the 16,777,216 of a transaction; what is left is for its beginning and for estimates that are a little too high. */
    private static final int MOST_GAS = 16_000_000;
    private static final int ROW_GAS = 6_000;
    /** The first of a payee. Later ones need a quarter of it, but who was credited before is not in a batch's files. */
    private static final int CREDIT_GAS = 23_500;

    private Payout() {
    }

    /** {@code ⌊after / 1000⌋ − ⌊before / 1000⌋} micro-units, of the line's cumulatives. */
    public static Amount debit(Amount before, Amount after) {
        return wholeMicrosDown(after).minus(wholeMicrosDown(before));
    }

    /** How many may be credited in a batch with so many rows: as the vault takes, and as the gas of one transaction allows. */
    private static int most(int rows) {
        return Math.max(0, Math.min(MOST_ENTRIES - rows, (MOST_GAS - rows * ROW_GAS) / CREDIT_GAS));
    }

    /**
     * What each payee is credited in whole micro-units; who gets nothing is left out. In ascending order of address, the
     * platform last, everybody who is owed the threshold or more gets what is owed, rounded down, as long as money is left.
     *
     * @param owed to each payee, what this batch earned included
     * @param available debits of all batches, this one included, less the credits of all batches before it
     * @param rows of the batch, which leave only so much room for credits
     */
    public static SortedMap<Address, Amount> credits(Map<Address, Amount> owed, Address platform, Amount threshold,
            Amount available, int rows) {
        SortedMap<Address, Amount> ascending = new TreeMap<>(History.ASCENDING);
        ascending.putAll(owed);
        List<Address> order = new ArrayList<>(ascending.keySet());
        if (order.remove(platform)) {
            order.add(platform);
        }
        SortedMap<Address, Amount> credits = new TreeMap<>(History.ASCENDING);
        Amount left = available;
        for (Address payee : order) {
            Amount due = ascending.getOrDefault(payee, Amount.ZERO);
            Amount credit = wholeMicrosDown(due).min(left);
            if (!due.isLessThan(threshold) && !credit.isZero() && credits.size() < most(rows)) {
                credits.put(payee, credit);
                left = left.minus(credit);
            }
        }
        return credits;
    }

    private static Amount wholeMicrosDown(Amount amount) {
        return Amount.ofNanos(Math.subtractExact(amount.nanos(), Math.floorMod(amount.nanos(), NANOS_PER_MICRO)));
    }
}
