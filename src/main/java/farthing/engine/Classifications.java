package farthing.engine;

import java.util.List;

/** The labels of each text, likeliest first, in the order of the texts. */
public record Classifications(List<List<Label>> texts, Usage usage) {

    public record Label(String name, double probability) {
    }
}
