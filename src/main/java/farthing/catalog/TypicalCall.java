package farthing.catalog;

import farthing.engine.Task;
import farthing.money.Amount;
import farthing.money.Price;

/** The size of call by which prices of one task are compared, and with which the calculator begins. */
record TypicalCall(int inputTokens, int outputTokens, int items) {

    static TypicalCall of(Task task) {
        return switch (task) {
            case CHAT -> new TypicalCall(400, 200, 1);
            case COMPLETION -> new TypicalCall(50, 100, 1);
            case RERANK -> new TypicalCall(2_000, 0, 10);
            case EMBEDDING, CLASSIFICATION, TOKEN_CLASSIFICATION -> new TypicalCall(200, 0, 1);
            case LANGUAGE_IDENTIFICATION, IMAGE_CLASSIFICATION, TENSOR -> new TypicalCall(0, 0, 1);
        };
    }

    Amount costOfThousand(Price price) {
        // A thousand times the units, so that a charge below one nano does not vanish from the comparison.
        return price.chargeRoundedDown(inputTokens * 1_000L, outputTokens * 1_000L, items * 1_000L)
                .plus(Amount.ofNanos(Math.multiplyExact(price.perCall(), 999L)));
    }
}
