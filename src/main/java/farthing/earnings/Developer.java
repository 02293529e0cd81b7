package farthing.earnings;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import jakarta.inject.Singleton;

import farthing.catalog.Catalog;
import farthing.catalog.Published;
import farthing.catalog.VersionId;
import farthing.identity.AccountId;
import farthing.metering.CallFigures;
import farthing.money.Amount;
import farthing.money.Split;

/** What calls of a developer's versions have earned, settled or not: the exact sum of the shares of each call. */
@Singleton
class Developer {

    /**
     * One version on one day (UTC).
     *
     * @param charged by all its calls together
     * @param earned the developer's shares
     * @param heldForData the shares of the data pool, held back until it is known whose data they are for
     */
    record Day(LocalDate day, Published version, long calls, Amount charged, Amount earned, Amount heldForData) {

        Day plus(Day other) {
            return new Day(day, version, calls + other.calls, charged.plus(other.charged), earned.plus(other.earned),
                    heldForData.plus(other.heldForData));
        }
    }

    private final Catalog catalog;
    private final CallFigures figures;

    Developer(Catalog catalog, CallFigures figures) {
        this.catalog = catalog;
        this.figures = figures;
    }

    /** Oldest first. */
    List<Day> days(AccountId account) {
        List<VersionId> versions = catalog.versionsOf(account);
        Map<LocalDate, Map<Integer, Day>> days = new TreeMap<>();
        for (CallFigures.DayCharges each : versions.isEmpty() ? List.<CallFigures.DayCharges> of() : figures.byDay(versions)) {
            Published version = catalog.published(each.version());
            Split.Parts parts = version.split().divide(each.charge());
            Day day = new Day(each.day(), version, each.calls(), times(each.charge(), each.calls()),
                    times(parts.developer(), each.calls()), times(parts.dataPool(), each.calls()));
            days.computeIfAbsent(each.day(), d -> new TreeMap<>()).merge(each.version().value(), day, Day::plus);
        }
        List<Day> flat = new ArrayList<>();
        days.values().forEach(ofDay -> flat.addAll(ofDay.values()));
        return flat;
    }

    private static Amount times(Amount amount, long calls) {
        return Amount.ofNanos(Math.multiplyExact(amount.nanos(), calls));
    }
}
