package farthing.metering;

import java.time.LocalDate;

import farthing.identity.KeyLimits;
import farthing.money.Amount;

/** What one API key has spent and holds, against its own limits. */
final class KeyBudget {

    private Amount spent;
    private Amount spentToday;
    private LocalDate today;
    private Amount held = Amount.ZERO;

    KeyBudget(Amount spent, Amount spentToday, LocalDate today) {
        this.spent = spent;
        this.spentToday = spentToday;
        this.today = today;
    }

    /**
     * Holds {@code wanted}, or what the limits leave of it.
     *
     * @throws KeyLimitReached when that is less than {@code least}
     */
    synchronized Amount hold(KeyLimits limits, Amount least, Amount wanted, LocalDate day) {
        turn(day);
        Amount amount = wanted;
        if (limits.total() != null) {
            amount = amount.min(left("total", limits.total(), spent, least));
        }
        if (limits.perDay() != null) {
            amount = amount.min(left("daily", limits.perDay(), spentToday, least));
        }
        held = held.plus(amount);
        return amount;
    }

    synchronized void settle(Amount hold, Amount charge, LocalDate day) {
        turn(day);
        held = held.minus(hold);
        spent = spent.plus(charge);
        spentToday = spentToday.plus(charge);
    }

    synchronized void release(Amount hold) {
        held = held.minus(hold);
    }

    /** @param day on which it was settled */
    synchronized void takeBack(Amount charge, LocalDate day) {
        spent = spent.minus(charge);
        if (day.equals(today)) {
            spentToday = spentToday.minus(charge);
        }
    }

    private Amount left(String which, Amount limit, Amount gone, Amount least) {
        // Holds count against today too: a call that ends after midnight is charged to the new day.
        Amount left = limit.minus(gone).minus(held).max(Amount.ZERO);
        if (left.isLessThan(least)) {
            throw new KeyLimitReached(which, least, left);
        }
        return left;
    }

    private void turn(LocalDate day) {
        if (day.isAfter(today)) {
            today = day;
            spentToday = Amount.ZERO;
        }
    }
}
