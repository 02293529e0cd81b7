package farthing.metering;

/**
 * What one call consumed, exactly as its engine counted it.
 *
 * @param items texts, documents or images; 1 for a generation
 */
public record Units(int inputTokens, int outputTokens, int items) {
}
