package farthing.catalog;

import org.jspecify.annotations.Nullable;

import farthing.money.Amount;

/**
 * A model as one entry of a list.
 *
 * @param price of 1,000 calls of a size typical for its task
 * @param p50 median latency, once it was measured
 * @param spark points of the line of calls in 30 days, once there are calls
 * @param dataShare part of each charge that goes to data, where any does
 * @param deprecated why, and what to use instead, once its owner said so
 * @param hidden shown to its owner alone
 */
public record ModelCard(String name, String href, String task, String purpose, String size, String quantisation, String licence,
        Amount price, @Nullable String p50, long calls30, @Nullable String spark, @Nullable String dataShare,
        @Nullable String deprecated, boolean hidden) {

    ModelCard withSpark(@Nullable String points) {
        return new ModelCard(name, href, task, purpose, size, quantisation, licence, price, p50, calls30, points, dataShare,
                deprecated, hidden);
    }
}
