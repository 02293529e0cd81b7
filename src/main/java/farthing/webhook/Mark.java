package farthing.webhook;

import org.jspecify.annotations.Nullable;

import farthing.money.Amount;
import farthing.money.Rounding;

/**
 * What was told of one percentage of one budget. It is told once, and again only after the limit was raised and reached again.
 *
 * @param used at the last look
 * @param toldAt the limit of which it was told, null while less of it is used
 * @param times how often it was told
 */
record Mark(Amount used, @Nullable Amount toldAt, int times) {

    static final Mark NEW = new Mark(Amount.ZERO, null, 0);

    private static final int ALL = 100;
    private static final int LAST_PART = 1000;

    /** @param level what must be used to reach it */
    Mark look(Amount now, Amount limit, Amount level) {
        boolean reached = !now.isLessThan(level) && !now.isZero();
        if (toldAt == null) {
            return reached ? new Mark(now, limit, times + 1) : new Mark(now, null, times);
        }
        if (!toldAt.isLessThan(limit)) {
            return new Mark(now, toldAt, times);
        }
        if (!reached) {
            return new Mark(now, null, times);
        }
        // Raised and reached again between two looks; where the old use was enough already, nothing was reached again.
        return used.isLessThan(level) ? new Mark(now, limit, times + 1) : new Mark(now, toldAt, times);
    }

    /** As if it had been looked at all the time: what is reached now is old. */
    Mark begun(Amount now, Amount limit, Amount level) {
        return new Mark(now, !now.isLessThan(level) && !now.isZero() ? limit : null, times);
    }

    /**
     * What must be used of a limit to reach a percentage of it. All of it is used when less than a thousandth is left, or less
     * than the last call cost: that pays for no more calls, and would stay for ever.
     */
    static Amount level(Amount limit, int percent, Amount lastCharge) {
        if (percent < ALL) {
            // Rounded up: less than this is less than that part.
            return limit.minus(Amount.ofNanos(Rounding.multiplyDivideDown(limit.nanos(), ALL - percent, ALL)));
        }
        Amount rest = Amount.ofNanos(limit.nanos() / LAST_PART).max(lastCharge).min(limit).max(Amount.ofNanos(1));
        return limit.minus(rest).plus(Amount.ofNanos(1)).min(limit);
    }
}
