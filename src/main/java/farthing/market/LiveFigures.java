package farthing.market;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

import farthing.catalog.SplitPart;
import farthing.money.Amount;

/** What the first page tells of real calls. */
interface LiveFigures {

    /** @param units in words, e.g. "12 tokens in, 48 out" */
    record LastCall(String model, String modelHref, String units, Amount charge, Instant at, String receiptHref,
            List<SplitPart> split) {
    }

    /** @param callsToday since 0:00 UTC */
    record Totals(long callsToday, Amount paidToDevelopers, Amount paidToData) {
    }

    Optional<LastCall> lastCall();

    Totals totals();
}
