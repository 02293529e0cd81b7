package farthing.earnings;

import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

import farthing.chain.Address;
import farthing.money.Amount;
import farthing.money.Split;

/**
 * What charges come to, by who gets it. Each charge is divided by itself, as its receipt says, and the parts add up to the
 * charges exactly.
 */
public final class Shared {

    private final Earnings earnings;
    private final Map<Address, Amount> payees = new HashMap<>();
    private final SortedMap<String, Amount> held = new TreeMap<>();
    private final SortedMap<Integer, Earnings.Terms> versions = new TreeMap<>(Integer::compareUnsigned);

    Shared(Earnings earnings) {
        this.earnings = earnings;
    }

    public void add(int version, Amount charge) {
        Earnings.Terms terms = versions.computeIfAbsent(version, earnings::termsOf);
        Split.Parts parts = terms.split().divide(charge);
        payees.merge(terms.developer(), parts.developer(), Amount::plus);
        payees.merge(earnings.platform(), parts.platform(), Amount::plus);
        hold("base_model", version, parts.baseModel());
        hold("data_pool", version, parts.dataPool());
        hold("validators", version, parts.validators());
    }

    private void hold(String part, int version, Amount amount) {
        if (!amount.isZero()) {
            held.merge(part + ":" + Integer.toUnsignedString(version), amount, Amount::plus);
        }
    }

    /** Those with an address; some may have earned nothing. */
    public Map<Address, Amount> payees() {
        return Collections.unmodifiableMap(payees);
    }

    /** What waits for somebody to be known, by part and version, e.g. {@code data_pool:3}. */
    public SortedMap<String, Amount> held() {
        return Collections.unmodifiableSortedMap(held);
    }

    /** Those that were added, ascending. */
    public SortedMap<Integer, Earnings.Terms> versions() {
        return Collections.unmodifiableSortedMap(versions);
    }
}
