package farthing.payment;

import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

import farthing.money.Amount;
import farthing.money.Rounding;

/**
 * One part of the bar that shows what became of a line's deposits; the shape that the tag {@code splitBar} draws.
 *
 * @param rank 1 to 5, the shade
 * @param x where the part begins, of 1000
 * @param width of 1000
 */
record BudgetBar(int rank, String role, @Nullable String who, @Nullable String whoHref, String percent, int x, int width,
        Amount amount) {

    private static final int WHOLE = 1000;

    static List<BudgetBar> of(LineMoney.Detail money) {
        Amount whole = money.used().plus(money.leased()).plus(money.left()).plus(money.locked());
        if (whole.isZero()) {
            return List.of();
        }
        List<BudgetBar> parts = new ArrayList<>();
        Amount before = Amount.ZERO;
        before = add(parts, 1, "Used by calls", money.used(), before, whole);
        before = add(parts, 2, "Leased to servers for calls", money.leased(), before, whole);
        before = add(parts, 3, "Left", money.left(), before, whole);
        add(parts, 5, "Deposited beyond the ceiling", money.locked(), before, whole);
        return parts;
    }

    private static Amount add(List<BudgetBar> parts, int rank, String role, Amount amount, Amount before, Amount whole) {
        Amount after = before.plus(amount);
        int x = part(before, whole);
        int width = part(after, whole) - x;
        // Rounded at both ends, so that the percentages add up to a hundred.
        int percent = (x + width + 5) / 10 - (x + 5) / 10;
        parts.add(new BudgetBar(rank, role, null, null, percent + "\u00a0%", x, width, amount));
        return after;
    }

    private static int part(Amount amount, Amount whole) {
        return Math.toIntExact(Rounding.multiplyDivideDown(amount.nanos(), WHOLE, whole.nanos()));
    }
}
