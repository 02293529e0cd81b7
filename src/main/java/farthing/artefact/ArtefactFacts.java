package farthing.artefact;

import java.util.Set;

import org.jspecify.annotations.Nullable;

/**
 * What a model's files say themselves.
 *
 * @param quantisation of most weights, such as fp32, int8 or Q4_K
 * @param parameters numbers in all weights; null when the format does not tell
 * @param context tokens, or characters for OpenNLP, that it reads at most; null when the files do not tell
 * @param embedding numbers in its vector for a token
 * @param architecture as a GGUF names it
 * @param tasks what it can do, by wire names
 * @param chatTemplate whether it has one, of a kind that llama.cpp knows
 * @param licence as the file names it, in its own words
 */
public record ArtefactFacts(Format format, String quantisation, @Nullable Long parameters, @Nullable Integer context,
        @Nullable Integer embedding, @Nullable String architecture, Set<String> tasks, boolean chatTemplate,
        @Nullable String licence) {
}
