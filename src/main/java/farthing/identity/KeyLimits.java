package farthing.identity;

import org.jspecify.annotations.Nullable;

import farthing.money.Amount;

/**
 * What one key may spend, below what its line allows.
 *
 * @param total over the key's whole life; null: no limit of its own
 * @param perDay since 0:00 UTC; null: no limit of its own
 */
public record KeyLimits(@Nullable Amount total, @Nullable Amount perDay) {

    public static final KeyLimits NONE = new KeyLimits(null, null);
}
