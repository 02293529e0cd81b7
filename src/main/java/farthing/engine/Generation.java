package farthing.engine;

import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * How to continue a text, in OpenAI's terms.
 *
 * @param temperature 0 always takes the likeliest token
 * @param topP from 0 to 1; 1 keeps every token
 * @param seed makes sampling repeatable; null draws one
 * @param stop texts that end the answer and are no part of it
 */
public record Generation(int maxTokens, float temperature, float topP, @Nullable Integer seed, List<String> stop,
        float frequencyPenalty, float presencePenalty) {

    public Generation {
        stop = List.copyOf(stop);
        if (maxTokens < 1) {
            throw new IllegalArgumentException("An answer has at least 1 token, not " + maxTokens);
        }
        if (stop.contains("")) {
            throw new IllegalArgumentException("A stop sequence cannot be empty");
        }
    }

    public static Generation greedy(int maxTokens) {
        return new Generation(maxTokens, 0, 1, null, List.of(), 0, 0);
    }

    public Generation withStop(String... sequences) {
        return new Generation(maxTokens, temperature, topP, seed, List.of(sequences), frequencyPenalty, presencePenalty);
    }

    public Generation withSampling(float newTemperature, float newTopP, @Nullable Integer newSeed) {
        return new Generation(maxTokens, newTemperature, newTopP, newSeed, stop, frequencyPenalty, presencePenalty);
    }
}
