package farthing.identity;

import org.jspecify.annotations.Nullable;

import farthing.money.Amount;

/**
 * What one key may do, below what its line allows.
 *
 * @param total over the key's whole life; null: no limit of its own
 * @param perDay since 0:00 UTC; null: no limit of its own
 * @param maxPrice which offers are too dear for it
 * @param models which it may call
 * @param rates how much at a time
 */
public record KeyLimits(@Nullable Amount total, @Nullable Amount perDay, MaxPrice maxPrice, AllowedModels models,
        RateLimits rates) {

    public static final KeyLimits NONE = new KeyLimits(null, null);

    /** Limits of money alone. */
    public KeyLimits(@Nullable Amount total, @Nullable Amount perDay) {
        this(total, perDay, MaxPrice.NONE, AllowedModels.ALL, RateLimits.NONE);
    }

    public KeyLimits with(MaxPrice ceiling) {
        return new KeyLimits(total, perDay, ceiling, models, rates);
    }

    public KeyLimits with(AllowedModels allowed) {
        return new KeyLimits(total, perDay, maxPrice, allowed, rates);
    }

    public KeyLimits with(RateLimits limited) {
        return new KeyLimits(total, perDay, maxPrice, models, limited);
    }
}
