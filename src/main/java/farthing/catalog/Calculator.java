package farthing.catalog;

import org.jspecify.annotations.Nullable;

import farthing.engine.Task;
import farthing.money.Amount;
import farthing.money.Price;

/**
 * What calls of a given size cost, as typed on the page.
 *
 * @param inLabel what {@code in} counts: tokens of input, or texts where the price is by the text
 * @param outLabel null where a call has no output to pay for
 * @param each cost of one call, null where a number is wrong
 * @param cost of all calls, null where a number is wrong
 */
record Calculator(String in, String out, String calls, @Nullable String inError, @Nullable String outError,
        @Nullable String callsError, String inLabel, @Nullable String outLabel, @Nullable Amount each, @Nullable Amount cost) {

    private static final long MOST_UNITS = 1_000_000;
    private static final long MOST_CALLS = 1_000_000_000;

    static Calculator of(Listing listing, @Nullable String in, @Nullable String out, @Nullable String calls) {
        TypicalCall typical = TypicalCall.of(listing.task());
        Price price = listing.offer().price();
        boolean byItem = price.perMillionInputTokens() == 0 && price.perItem() > 0;
        boolean generates = listing.task() == Task.COMPLETION || listing.task() == Task.CHAT;
        String units = typed(in, byItem ? typical.items() : typical.inputTokens());
        String answer = typed(out, typical.outputTokens());
        String number = typed(calls, 1_000);
        String unitsError = error(units, 0, MOST_UNITS);
        String answerError = generates ? error(answer, 0, MOST_UNITS) : null;
        String numberError = error(number, 1, MOST_CALLS);
        Amount each = null;
        Amount cost = null;
        if (unitsError == null && answerError == null && numberError == null) {
            long output = generates ? Long.parseLong(answer) : 0;
            long typed = Long.parseLong(units);
            try {
                each = byItem ? price.chargeRoundedDown(0, output, typed) : price.chargeRoundedDown(typed, output, 1);
                cost = Amount.ofNanos(Math.multiplyExact(each.nanos(), Long.parseLong(number)));
            } catch (ArithmeticException tooMuch) {
                each = null;
                numberError = "Together that is more money than can be counted; write smaller numbers.";
            }
        }
        return new Calculator(units, answer, number, unitsError, answerError, numberError,
                byItem ? "Texts in a call" : "Input tokens in a call", generates ? "Output tokens in a call" : null, each,
                cost);
    }

    private static String typed(@Nullable String text, int usual) {
        return text == null ? Integer.toString(usual) : text.strip();
    }

    private static @Nullable String error(String text, long least, long most) {
        boolean good = text.matches("[0-9]{1,12}") && Long.parseLong(text) >= least && Long.parseLong(text) <= most;
        return good ? null : "Write a whole number from " + least + " to " + String.format("%,d", most) + ".";
    }
}
