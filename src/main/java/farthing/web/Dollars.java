package farthing.web;

import java.math.BigDecimal;
import java.util.Optional;
import java.util.regex.Pattern;

import farthing.money.Amount;

/** Amounts as people type them into a form. */
public final class Dollars {

    /** What a field says when {@link #parse} finds nothing. */
    public static final String RULE = "Write an amount in dollars above zero, such as 5 or 0.50, with at most nine decimals.";

    private static final int DECIMALS = 9;
    private static final Pattern FORM = Pattern.compile("\\$?\\s*(\\d{1,9}(\\.\\d{1,9})?)");

    private Dollars() {
    }

    /** Empty for what is no amount above zero; nothing is rounded. */
    public static Optional<Amount> parse(String text) {
        var form = FORM.matcher(text.strip());
        if (!form.matches()) {
            return Optional.empty();
        }
        return Optional.of(Amount.ofNanos(new BigDecimal(form.group(1)).movePointRight(9).longValueExact()))
                .filter(amount -> !amount.isZero());
    }

    /** As {@link #parse} reads it back: {@code 0.5}, {@code 12}. */
    public static String text(Amount amount) {
        BigDecimal shortest = BigDecimal.valueOf(amount.nanos(), DECIMALS).stripTrailingZeros();
        return (shortest.scale() < 0 ? shortest.setScale(0) : shortest).toPlainString();
    }
}
