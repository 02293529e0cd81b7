package farthing.metering;

import farthing.web.Formats;

/** Units in words: {@code 12 tokens in, 48 out}. */
final class UnitsText {

    private UnitsText() {
    }

    static String of(Units units) {
        if (units.inputTokens() == 0 && units.outputTokens() == 0) {
            return Formats.grouped(units.items()) + (units.items() == 1 ? " item" : " items");
        }
        String in = Formats.grouped(units.inputTokens()) + " tokens in";
        return units.outputTokens() == 0 ? in : in + ", " + Formats.grouped(units.outputTokens()) + " out";
    }

    /** {@code 1,234 calls}. */
    static String calls(long number) {
        return Formats.grouped(number) + (number == 1 ? " call" : " calls");
    }
}
