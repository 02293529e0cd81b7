package farthing.earnings;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import jakarta.inject.Singleton;

import org.jspecify.annotations.Nullable;

import farthing.catalog.Catalog;
import farthing.catalog.Published;
import farthing.catalog.VersionId;
import farthing.chain.Address;
import farthing.identity.AccountId;
import farthing.identity.Accounts;
import farthing.metering.CallFigures;
import farthing.metering.CallFigures.Sums;
import farthing.money.Amount;
import farthing.money.Split;

/** What calls have earned the wallets of an account, settled or not: the exact sum of their shares of each call. */
@Singleton
class Earned {

    /** Versions that are shown one by one; the others are shown together. */
    private static final int SHOWN = 8;

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
     * One version, or several together, on one day (UTC).
     *
     * @param version null for several
     * @param charged by all its calls together
     * @param earned the shares of the role
     * @param heldForData of the developer's calls, the shares of the data pool, held back until it is known whose data they are
     *        for
     */
    record Day(LocalDate day, @Nullable Published version, Role role, long calls, Amount charged, Amount earned,
            Amount heldForData) {

        private static Day of(LocalDate day, @Nullable Published version, Role role, Sums sums) {
            return new Day(day, version, role, sums.calls(), sums.charged(), role.share(sums.parts()),
                    role == Role.DEVELOPER ? sums.parts().dataPool() : Amount.ZERO);
        }
    }

    /** @param recent by day, oldest first; the versions that earned most one by one and all others together */
    record Summary(Amount earned, Amount heldForData, List<Day> recent) {
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

    /** All that was ever earned, and what of it from the given day on. */
    Summary summary(AccountId account, LocalDate since) {
        List<Address> wallets = accounts.walletsOf(account);
        Collection<VersionId> own = paidTo(wallets);
        List<CallFigures.OfVersion> called = own.isEmpty() ? List.of() : figures.byVersion(own);
        Sums all = called.stream().map(CallFigures.OfVersion::sums).reduce(Sums.NONE, Sums::plus);
        Amount earned = Role.DEVELOPER.share(all.parts());
        List<Day> recent = new ArrayList<>();
        if (!called.isEmpty()) {
            recent.addAll(ofDeveloper(called, since));
        }
        if (wallets.stream().anyMatch(earnings::isPlatform)) {
            for (CallFigures.OfDay each : figures.byDay()) {
                earned = earned.plus(Role.PLATFORM.share(each.sums().parts()));
                if (!each.day().isBefore(since)) {
                    recent.add(Day.of(each.day(), null, Role.PLATFORM, each.sums()));
                }
            }
            recent.sort(Comparator.comparing(Day::day));
        }
        return new Summary(earned, all.parts().dataPool(), recent);
    }

    private List<Day> ofDeveloper(List<CallFigures.OfVersion> called, LocalDate since) {
        List<VersionId> best = called.stream()
                .sorted(Comparator.comparing((CallFigures.OfVersion each) -> each.sums().parts().developer()).reversed())
                .limit(SHOWN).map(CallFigures.OfVersion::version).toList();
        List<VersionId> others = called.stream().map(CallFigures.OfVersion::version)
                .filter(version -> !best.contains(version)).toList();
        List<Day> days = new ArrayList<>();
        figures.byVersionAndDay(best, since).forEach(
                each -> days.add(Day.of(each.day(), catalog.published(each.version()), Role.DEVELOPER, each.sums())));
        if (!others.isEmpty()) {
            figures.byDay(others, since).forEach(each -> days.add(Day.of(each.day(), null, Role.DEVELOPER, each.sums())));
        }
        days.sort(Comparator.comparing(Day::day));
        return days;
    }

    /** Every version on every day, oldest day first. */
    List<Day> days(AccountId account) {
        Map<LocalDate, Map<String, Day>> days = new TreeMap<>();
        List<Address> wallets = accounts.walletsOf(account);
        add(days, Role.DEVELOPER, paidTo(wallets));
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
        for (CallFigures.OfVersionDay each : figures.byVersionAndDay(versions, LocalDate.EPOCH)) {
            Published version = catalog.published(each.version());
            days.computeIfAbsent(each.day(), d -> new TreeMap<>()).put(version.name() + " " + role,
                    Day.of(each.day(), version, role, each.sums()));
        }
    }

    /** By wallet, not by model: a version goes on paying the wallet that it was published with, wherever that is linked now. */
    private Collection<VersionId> paidTo(List<Address> wallets) {
        return wallets.isEmpty() ? List.of() : catalog.versionsPaidTo(wallets);
    }
}
