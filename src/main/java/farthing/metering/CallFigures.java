package farthing.metering;

import java.time.Instant;
import java.time.LocalDate;
import java.util.Collection;
import java.util.List;

import jakarta.inject.Singleton;

import farthing.catalog.Catalog;
import farthing.catalog.VersionId;
import farthing.money.Amount;
import farthing.money.Split;
import farthing.receipt.ReceiptId;

/** What anyone may know of the calls of all. */
@Singleton
public class CallFigures {

    public record PublicCall(ReceiptId receipt, VersionId version, Amount charge) {
    }

    /** What all calls so far earned for those who made models and data; the sum of the shares of each call. */
    public record Earned(Amount developers, Amount data) {
    }

    private final UsageLog log;
    private final Catalog catalog;

    CallFigures(UsageLog log, Catalog catalog) {
        this.log = log;
        this.catalog = catalog;
    }

    public Earned earned() {
        long developers = 0;
        long data = 0;
        for (UsageLog.ChargeCount each : log.charges()) {
            Split.Parts parts = catalog.published(each.version()).split().divide(each.charge());
            developers = Math.addExact(developers, Math.multiplyExact(parts.developer().nanos(), each.calls()));
            data = Math.addExact(data, Math.multiplyExact(parts.dataPool().nanos(), each.calls()));
        }
        return new Earned(Amount.ofNanos(developers), Amount.ofNanos(data));
    }

    /**
     * How often a version was charged a sum on one day (UTC).
     *
     * @param charge of each of the calls
     */
    public record DayCharges(LocalDate day, VersionId version, Amount charge, long calls) {
    }

    /** Of these versions, oldest day first: few rows, from which exact shares are computed. */
    public List<DayCharges> byDay(Collection<VersionId> versions) {
        return log.chargesByDay(versions);
    }

    /** All that were ever called. */
    public List<VersionId> versions() {
        return log.charges().stream().map(UsageLog.ChargeCount::version).distinct().toList();
    }

    /** The calls charged last, the newest first. Those of private models are among them. */
    public List<PublicCall> latest(int most) {
        return log.latest(most).stream().map(call -> new PublicCall(call.receipt(), call.version(), call.charge())).toList();
    }

    public long callsSince(Instant since) {
        return log.countSince(since);
    }
}
