package farthing.engine;

/**
 * What a call consumed, as counted by the engine.
 *
 * @param outputTokens tokens of which some text was delivered; the token that ends an answer and those lost in a stop sequence
 *        are none
 * @param items texts embedded or classified; 1 for a generation
 */
public record Usage(int inputTokens, int outputTokens, int items, FinishReason finishReason) {
}
