package farthing.earnings;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import jakarta.inject.Singleton;

import farthing.catalog.Catalog;
import farthing.catalog.Published;
import farthing.catalog.VersionId;
import farthing.chain.Address;
import farthing.identity.AccountId;
import farthing.identity.Accounts;
import farthing.metering.CallFigures;
import farthing.money.Amount;
import farthing.money.Split;

/** What calls have earned the wallets of an account, settled or not: the exact sum of their shares of each call. */
@Singleton
class Earned {

    /** For what an account is paid. */
    enum Role {
        DEVELOPER,
        PLATFORM;

        String word() {
            return this == DEVELOPER ? "developer" : "platform";
        }

        Amount share(Split.Parts parts) {
            return this == DEVELOPER ? parts.developer() : parts.platform();
        }
    }

    /**
     * One version on one day (UTC).
     *
     * @param charged by all its calls together
     * @param earned the shares of the role
     * @param heldForData of the developer's calls, the shares of the data pool, held back until it is known whose data they are
     *        for
     */
    record Day(LocalDate day, Published version, Role role, long calls, Amount charged, Amount earned, Amount heldForData) {

        Day plus(Day other) {
            return new Day(day, version, role, calls + other.calls, charged.plus(other.charged), earned.plus(other.earned),
                    heldForData.plus(other.heldForData));
        }
    }

    private final Catalog catalog;
    private final CallFigures figures;
    private final Earnings earnings;
    private final Accounts accounts;

    Earned(Catalog catalog, CallFigures figures, Earnings earnings, Accounts accounts) {
        this.catalog = catalog;
        this.figures = figures;
        this.earnings = earnings;
        this.accounts = accounts;
    }

    /** Oldest first. */
    List<Day> days(AccountId account) {
        Map<LocalDate, Map<String, Day>> days = new TreeMap<>();
        // By wallet, not by model: a version goes on paying the wallet that it was published with, wherever that is linked now.
        List<Address> wallets = accounts.walletsOf(account);
        add(days, Role.DEVELOPER, wallets.isEmpty() ? List.of() : catalog.versionsPaidTo(wallets));
        if (wallets.stream().anyMatch(earnings::isPlatform)) {
            add(days, Role.PLATFORM, figures.versions());
        }
        List<Day> flat = new ArrayList<>();
        days.values().forEach(ofDay -> flat.addAll(ofDay.values()));
        return flat;
    }

    private void add(Map<LocalDate, Map<String, Day>> days, Role role, Collection<VersionId> versions) {
        if (versions.isEmpty()) {
            return;
        }
        for (CallFigures.DayCharges each : figures.byDay(versions)) {
            Published version = catalog.published(each.version());
            Split.Parts parts = version.split().divide(each.charge());
            Amount data = role == Role.DEVELOPER ? parts.dataPool() : Amount.ZERO;
            Day day = new Day(each.day(), version, role, each.calls(), times(each.charge(), each.calls()),
                    times(role.share(parts), each.calls()), times(data, each.calls()));
            days.computeIfAbsent(each.day(), d -> new TreeMap<>()).merge(version.name() + " " + role, day, Day::plus);
        }
    }

    private static Amount times(Amount amount, long calls) {
        return Amount.ofNanos(Math.multiplyExact(amount.nanos(), calls));
    }
}
