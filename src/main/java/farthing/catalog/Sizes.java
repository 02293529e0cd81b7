package farthing.catalog;

import java.util.Locale;

/** Numbers as people read them. */
class Sizes {

    private Sizes() {
    }

    static String bytes(long bytes) {
        return bytes < 1_000_000 ? scaled(bytes, 1_000, "kB")
                : bytes < 1_000_000_000 ? scaled(bytes, 1_000_000, "MB") : scaled(bytes, 1_000_000_000, "GB");
    }

    static String count(long number) {
        return number < 1_000_000 ? scaled(number, 1_000, "thousand")
                : number < 1_000_000_000 ? scaled(number, 1_000_000, "million") : scaled(number, 1_000_000_000, "billion");
    }

    static String percent(int basisPoints) {
        String digits = basisPoints % 100 == 0 ? "%d".formatted(basisPoints / 100)
                : "%d.%02d".formatted(basisPoints / 100, basisPoints % 100);
        return digits + " %";
    }

    private static String scaled(long number, long unit, String name) {
        return number >= unit * 10 ? number / unit + " " + name
                : String.format(Locale.ROOT, "%.2f %s", (double) number / unit, name);
    }
}
