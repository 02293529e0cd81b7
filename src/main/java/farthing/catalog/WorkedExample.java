package farthing.catalog;

import java.util.List;

import org.jspecify.annotations.Nullable;

import farthing.engine.Task;
import farthing.money.Amount;
import farthing.money.Price;
import farthing.money.Split;

/**
 * What 1,000 calls of the usual size cost and what the developer gets of it.
 *
 * @param fault what is wrong with what was typed; the rest is then null or empty
 */
record WorkedExample(@Nullable String fault, String size, @Nullable Amount cost, @Nullable Amount yours,
        List<SplitPart> split) {

    static WorkedExample of(Task task, String developer, Price price, Split split) {
        TypicalCall call = TypicalCall.of(task);
        Amount cost = call.costOfThousand(price);
        return new WorkedExample(null, size(call), cost, split.divide(cost).developer(), SplitPart.of(split, developer, cost));
    }

    static WorkedExample wrong(String fault) {
        return new WorkedExample(fault, "", null, null, List.of());
    }

    private static String size(TypicalCall call) {
        if (call.inputTokens() == 0) {
            return "one text each";
        }
        return call.inputTokens() + " tokens in" + (call.outputTokens() > 0 ? " and " + call.outputTokens() + " out" : "");
    }
}
