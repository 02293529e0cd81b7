package farthing.metering;

import java.util.Collection;

import jakarta.inject.Singleton;

import farthing.catalog.Catalog;
import farthing.catalog.Takings;
import farthing.catalog.VersionId;
import farthing.money.Amount;
import farthing.money.Split;

/** Divides each charge by itself, for that is how it was paid: dividing the sum would give other nanos. */
@Singleton
class VersionTakings implements Takings {

    private final CallFigures figures;
    private final Catalog catalog;

    VersionTakings(CallFigures figures, Catalog catalog) {
        this.figures = figures;
        this.catalog = catalog;
    }

    @Override
    public Sum of(Collection<VersionId> versions) {
        long calls = 0;
        Amount charged = Amount.ZERO;
        Split.Parts parts = new Split.Parts(Amount.ZERO, Amount.ZERO, Amount.ZERO, Amount.ZERO, Amount.ZERO);
        for (CallFigures.DayCharges same : figures.byDay(versions)) {
            Split.Parts one = catalog.published(same.version()).split().divide(same.charge());
            calls += same.calls();
            charged = charged.plus(times(same.charge(), same.calls()));
            parts = new Split.Parts(parts.developer().plus(times(one.developer(), same.calls())),
                    parts.baseModel().plus(times(one.baseModel(), same.calls())),
                    parts.dataPool().plus(times(one.dataPool(), same.calls())),
                    parts.validators().plus(times(one.validators(), same.calls())),
                    parts.platform().plus(times(one.platform(), same.calls())));
        }
        return new Sum(calls, charged, parts);
    }

    private static Amount times(Amount amount, long calls) {
        return Amount.ofNanos(Math.multiplyExact(amount.nanos(), calls));
    }
}
