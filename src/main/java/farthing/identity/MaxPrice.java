package farthing.identity;

import org.jspecify.annotations.Nullable;

import farthing.money.Amount;
import farthing.money.Price;

/**
 * The dearest offer that a key accepts, part by part as an offer states them: a call whose offer is above any part is refused
 * before it costs anything. A part that is null is not looked at.
 *
 * @param perMillionInputTokens above zero, as are the others
 */
public record MaxPrice(@Nullable Amount perMillionInputTokens, @Nullable Amount perMillionOutputTokens,
        @Nullable Amount perCall,
        @Nullable Amount perItem) {

    public static final MaxPrice NONE = new MaxPrice(null, null, null, null);

    public boolean allows(Price price) {
        return !isAbove(price.perMillionInputTokens(), perMillionInputTokens)
                && !isAbove(price.perMillionOutputTokens(), perMillionOutputTokens) && !isAbove(price.perCall(), perCall)
                && !isAbove(price.perItem(), perItem);
    }

    /** Whether a part of an offer, in nanos, is more than the ceiling for it. */
    public static boolean isAbove(long nanos, @Nullable Amount most) {
        return most != null && nanos > most.nanos();
    }
}
