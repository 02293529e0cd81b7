package farthing.catalog;

import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

import farthing.money.Amount;
import farthing.money.Split;

/**
 * One part of the bar that shows where a charge goes.
 *
 * @param rank 1 to 5, the shade
 * @param x where the part begins, of 1000
 * @param width of 1000
 * @param amount of one charge, where the bar shows one
 */
public record SplitPart(int rank, String role, @Nullable String who, @Nullable String whoHref, String percent, int x, int width,
        @Nullable Amount amount) {

    /** The parts that are not zero, developer first. */
    public static List<SplitPart> of(Split split, String developer, @Nullable Amount charge) {
        return of(split, developer, charge == null ? null : split.divide(charge));
    }

    /** The same with sums of many charges; a part that only earlier versions had is shown, too. */
    static List<SplitPart> of(Split split, String developer, Split.@Nullable Parts parts) {
        Bar bar = new Bar();
        bar.add("Developer", developer, split.developer(), parts == null ? null : parts.developer());
        bar.add("Base model", null, split.baseModel(), parts == null ? null : parts.baseModel());
        bar.add("Data contributors", null, split.dataPool(), parts == null ? null : parts.dataPool());
        bar.add("Validators", null, split.validators(), parts == null ? null : parts.validators());
        bar.add("Platform", null, split.platform(), parts == null ? null : parts.platform());
        return bar.parts;
    }

    private static class Bar {
        private final List<SplitPart> parts = new ArrayList<>();
        private int rank;
        private int end;

        private void add(String role, @Nullable String who, int basisPoints, @Nullable Amount amount) {
            rank++;
            if (basisPoints > 0 || amount != null && !amount.isZero()) {
                int from = end;
                end += basisPoints;
                parts.add(new SplitPart(rank, role, who, who == null ? null : "/models?q=" + who,
                        Sizes.percent(basisPoints), from / 10, end / 10 - from / 10, amount));
            }
        }
    }
}
