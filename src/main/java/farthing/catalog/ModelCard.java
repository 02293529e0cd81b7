package farthing.catalog;

import java.time.Instant;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

import farthing.money.Amount;
import farthing.money.Price;

/**
 * A model as one entry of a list.
 *
 * @param price of 1,000 calls of a size typical for its task
 * @param p50 median latency, once it was measured
 * @param spark points of the line of calls in 30 days, once there are calls
 * @param dataShare part of each charge that goes to data, where any does
 * @param deprecated its page says what to use instead
 */
public record ModelCard(String name, String href, String task, String purpose, String size, String quantisation, String licence,
        Amount price, @Nullable String p50, long calls30, @Nullable String spark, @Nullable String dataShare,
        boolean deprecated) {

    /** Empty while no version of the model can be called. */
    static Optional<ModelCard> of(Model model, Instant now) {
        return model.versions.stream().filter(version -> version.offerAt(now).isPresent()).findFirst()
                .map(version -> of(version, version.offerAt(now).orElseThrow().price()));
    }

    static ModelCard of(Version version, Price price) {
        Model model = version.model;
        return new ModelCard(model.modelId().toString(), "/models/" + model.modelId(), model.task, model.purpose,
                Sizes.bytes(version.sizeBytes), version.quantisation, version.licence,
                TypicalCall.of(model.task()).costOfThousand(price), null, 0, null,
                version.splitDataPool == 0 ? null : Sizes.percent(version.splitDataPool), model.deprecated != null);
    }
}
