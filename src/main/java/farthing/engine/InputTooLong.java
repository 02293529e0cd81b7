package farthing.engine;

import farthing.web.Problem;

/** The input does not fit what the model can see. */
public class InputTooLong extends Problem {

    private final int count;
    private final int limit;
    private final String unit;

    InputTooLong(int count, int limit, String unit) {
        super(400, "context_length_exceeded",
                "The input has %d %s, but this model takes at most %d. Shorten it, or choose a model with a longer context."
                        .formatted(count, unit, limit));
        this.count = count;
        this.limit = limit;
        this.unit = unit;
    }

    public int count() {
        return count;
    }

    public int limit() {
        return limit;
    }

    String unit() {
        return unit;
    }
}
