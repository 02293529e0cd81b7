package farthing.engine;

import java.util.List;

/** One vector per text, in the order of the texts. */
public record Embeddings(List<float[]> vectors, Usage usage) {
}
