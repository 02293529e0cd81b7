package farthing.catalog;

import java.math.BigDecimal;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

/** Prices and parts as people type them: dollars and per cent. Nothing is rounded. */
class Typed {

    private static final int DECIMALS = 9;

    private Typed() {
    }

    static String dollars(long nanos) {
        return plain(BigDecimal.valueOf(nanos, DECIMALS));
    }

    static String percent(int basisPoints) {
        return plain(BigDecimal.valueOf(basisPoints, 2));
    }

    private static String plain(BigDecimal number) {
        BigDecimal shortest = number.stripTrailingZeros();
        return shortest.scale() < 0 ? shortest.setScale(0).toPlainString() : shortest.toPlainString();
    }

    /** Empty counts as 0. */
    static Optional<Long> nanos(@Nullable String text) {
        return number(text, DECIMALS, 7);
    }

    /** Empty counts as 0. */
    static Optional<Integer> basisPoints(@Nullable String text) {
        return number(text == null ? null : text.replace("%", ""), 2, 3).map(Long::intValue);
    }

    private static Optional<Long> number(@Nullable String text, int decimals, int digits) {
        String typed = text == null ? "" : text.strip().replaceFirst("^\\$\\s*", "").strip();
        if (typed.isEmpty()) {
            return Optional.of(0L);
        }
        return typed.matches("\\d{1," + digits + "}(\\.\\d{1," + decimals + "})?")
                ? Optional.of(new BigDecimal(typed).movePointRight(decimals).longValueExact())
                : Optional.empty();
    }
}
