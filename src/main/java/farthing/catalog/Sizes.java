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

    /** {@code 0.41 ms}, {@code 41 ms}, {@code 1.2 s}: two digits, for more were not measured. */
    static String duration(long micros) {
        return micros < 10_000 ? String.format(Locale.ROOT, micros < 1_000 ? "%.2f ms" : "%.1f ms", micros / 1_000.0)
                : micros < 1_000_000 ? micros / 1_000 + " ms"
                        : String.format(Locale.ROOT, micros < 10_000_000 ? "%.1f s" : "%.0f s", micros / 1_000_000.0);
    }

    private static String scaled(long number, long unit, String name) {
        return number >= unit * 10 ? number / unit + " " + name
                : String.format(Locale.ROOT, "%.2f %s", (double) number / unit, name);
    }
}
