package farthing.catalog;

import java.time.Instant;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * A version as {@code POST /api/models/{owner}/{name}/versions} asks for it. What a further version leaves out is as in the one
 * before.
 *
 * @param files ids of complete uploads by what they are for: model, tokenizer
 * @param endpoint instead of files
 * @param licence SPDX identifier
 * @param template how a chat becomes the text that the model reads: none, plain or model
 * @param pooling mean or cls
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
record VersionRequest(@Nullable Map<String, String> files, @Nullable EndpointRequest endpoint, @Nullable String task,
        @Nullable String purpose, @Nullable String card, @Nullable String licence, @Nullable String attribution,
        @Nullable String provenance, @Nullable OfferRequest offer, @Nullable SplitRequest split, @Nullable String visibility,
        @Nullable String template, @Nullable String pooling, @Nullable Boolean normalise) {

    /**
     * @param url of an OpenAI-compatible API, such as https://models.example/v1
     * @param model the name that it has there
     * @param secret sent there as a bearer token; kept encrypted and never shown again
     */
    record EndpointRequest(@Nullable String url, @Nullable String model, @Nullable String secret) {

        @Override
        public String toString() {
            return "EndpointRequest[" + url + ", " + model + "]";
        }
    }

    /**
     * Nanos; what is left out is 0.
     *
     * @param version label of the version it is for; left out: the newest
     * @param from left out: at once
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record OfferRequest(@Nullable String version, @Nullable Long perMillionInputTokens, @Nullable Long perMillionOutputTokens,
            @Nullable Long perCall, @Nullable Long perItem, @Nullable Instant from) {
    }

    /** Basis points that add up to 10,000; what is left out is 0, the platform's part is fixed. */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record SplitRequest(@Nullable Integer developer, @Nullable Integer baseModel, @Nullable Integer dataPool,
            @Nullable Integer validators, @Nullable Integer platform) {
    }
}
