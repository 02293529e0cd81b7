package farthing.web;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

import farthing.money.Amount;
import io.quarkus.arc.Arc;
import io.quarkus.qute.TemplateExtension;

/** How pages write money, numbers and time. */
@TemplateExtension
public class Formats {

    private static final DateTimeFormatter EXACT = DateTimeFormatter.ofPattern("d MMM uuuu, HH:mm:ss 'UTC'", Locale.ENGLISH)
            .withZone(ZoneOffset.UTC);
    private static final long THOUSANDTH = Amount.NANOS_PER_TOKEN / 1000;
    private static final String NO_BREAK_SPACE = "\u00a0";
    private static final String MINUS = "\u2212";

    private Formats() {
    }

    /**
     * As many digits as the amount needs, never more money than there is: cents where they say it all, else six
     * after the point, nine where a thousandth of a dollar would hide some; rounded towards zero, in groups of
     * three: {@code $1,234.50}, {@code $24.999 958}, {@code $0.000 412}. {@link #exact} hides nothing.
     */
    public static String dollars(Amount amount) {
        // Unsigned, so that even the smallest long has an absolute value.
        long nanos = amount.isNegative() ? -amount.nanos() : amount.nanos();
        long whole = Long.divideUnsigned(nanos, Amount.NANOS_PER_TOKEN);
        String digits = String.format(Locale.ROOT, "%09d", Long.remainderUnsigned(nanos, Amount.NANOS_PER_TOKEN));
        String start = (amount.isNegative() ? MINUS : "") + "$" + grouped(whole) + ".";
        if (digits.endsWith("0000000")) {
            return start + digits.substring(0, 2);
        }
        boolean six = Long.compareUnsigned(nanos, THOUSANDTH) >= 0 || digits.endsWith("000");
        return start + digits.substring(0, 3) + NO_BREAK_SPACE + digits.substring(3, 6)
                + (six ? "" : NO_BREAK_SPACE + digits.substring(6));
    }

    /** The digits that {@link #dollars} leaves out, so that a column can line up its points. */
    public static String filler(Amount amount) {
        String text = dollars(amount);
        String full = "000" + NO_BREAK_SPACE + "000" + NO_BREAK_SPACE + "000";
        return full.substring(Math.min(full.length(), text.length() - text.indexOf('.') - 1));
    }

    public static String exact(Amount amount) {
        return grouped(amount.nanos()) + " nanos";
    }

    /** {@code 12,345}. */
    public static String grouped(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    public static String iso(Instant time) {
        return time.toString();
    }

    public static String exact(Instant time) {
        return EXACT.format(time);
    }

    public static String relative(Instant time) {
        return relative(time, Arc.container().instance(Clock.class).get().instant());
    }

    /** The same words as the script that keeps them fresh. */
    static String relative(Instant time, Instant now) {
        long seconds = Duration.between(now, time).toSeconds();
        long size = Math.abs(seconds);
        if (size < 60) {
            return time.isAfter(now) ? "in a moment" : "just now";
        }
        String length = size >= 31_536_000 ? count(size / 31_536_000, "year")
                : size >= 2_592_000 ? count(size / 2_592_000, "month")
                        : size >= 86_400 ? count(size / 86_400, "day")
                                : size >= 3_600 ? count(size / 3_600, "hour") : count(size / 60, "minute");
        return seconds < 0 ? length + " ago" : "in " + length;
    }

    private static String count(long number, String unit) {
        return number + " " + unit + (number == 1 ? "" : "s");
    }
}
