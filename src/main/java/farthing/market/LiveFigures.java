package farthing.market;

import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;

import jakarta.inject.Singleton;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;

import farthing.catalog.Catalog;
import farthing.catalog.Published;
import farthing.catalog.SplitPart;
import farthing.metering.CallFigures;
import farthing.money.Amount;

/** What the first page tells of real calls. */
@Singleton
class LiveFigures {

    /** The last call as its public receipt shows it; units and time are its payer's business. */
    record LastCall(String model, String modelHref, Amount charge, String receiptHref,
            List<SplitPart> split) {
    }

    /**
     * @param callsToday since 0:00 UTC
     * @param earnedByDevelopers in all, paid out or not
     */
    record Totals(long callsToday, Amount earnedByDevelopers, Amount earnedByData) {
    }

    /** Among so many there is one of a model that everybody may see, or the page shows none. */
    private static final int LATEST = 20;

    private final CallFigures figures;
    private final Catalog catalog;
    private final Clock clock;
    private final LoadingCache<String, Totals> totals;

    LiveFigures(CallFigures figures, Catalog catalog, Clock clock) {
        this.figures = figures;
        this.catalog = catalog;
        this.clock = clock;
        // Every visitor of the first page asks.
        this.totals = Caffeine.newBuilder().expireAfterWrite(Duration.ofSeconds(5)).build(all -> count());
    }

    Optional<LastCall> lastCall() {
        return figures.latest(LATEST).stream().filter(call -> catalog.isPublic(catalog.published(call.version()).model()))
                .findFirst().map(this::lastCall);
    }

    private LastCall lastCall(CallFigures.PublicCall call) {
        Published version = catalog.published(call.version());
        return new LastCall(version.name(), version.href(), call.charge(),
                "/receipts/" + call.receipt(), SplitPart.of(version.split(), version.owner(), call.charge()));
    }

    Totals totals() {
        return totals.get("all");
    }

    private Totals count() {
        LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
        List<CallFigures.OfDay> days = figures.byDay();
        CallFigures.Sums all = days.stream().map(CallFigures.OfDay::sums).reduce(CallFigures.Sums.NONE, CallFigures.Sums::plus);
        long callsToday = days.stream().filter(each -> each.day().equals(today)).mapToLong(each -> each.sums().calls()).sum();
        return new Totals(callsToday, all.parts().developer(), all.parts().dataPool());
    }
}
