package farthing.identity;

import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

import farthing.ledger.LineId;
import farthing.money.Amount;
import farthing.web.Dollars;

/** The form of a new key as it was typed, with an error at each field that needs one. */
record KeyForm(String name, @Nullable String nameError, String line, @Nullable String lineError, String total,
        @Nullable String totalError, String daily, @Nullable String dailyError, String expires, @Nullable String expiresError) {

    private static final int LONGEST_NAME = 60;

    static final KeyForm EMPTY = new KeyForm("", null, "", null, "", null, "", null, "", null);

    static KeyForm of(String name, String line, String total, String daily, String expires, List<LineId> lines, Clock clock) {
        return new KeyForm(name, nameError(name), line, lineOf(line, lines).isEmpty() ? "Choose one of your lines." : null,
                total, limitError(total), daily, limitError(daily), expires, expiryError(expires, LocalDate.ofInstant(
                        clock.instant(), ZoneOffset.UTC)));
    }

    boolean valid() {
        return nameError == null && lineError == null && totalError == null && dailyError == null && expiresError == null;
    }

    LineId lineIn(List<LineId> lines) {
        return lineOf(line, lines).orElseThrow();
    }

    KeyLimits limits() {
        return new KeyLimits(limit(total), limit(daily));
    }

    /** The end of the last day. */
    @Nullable
    Instant expiresAt() {
        return expires.isBlank() ? null : LocalDate.parse(expires).plusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant();
    }

    private static @Nullable String nameError(String name) {
        if (name.isBlank()) {
            return "Give the key a name.";
        }
        return name.length() > LONGEST_NAME ? "Use at most " + LONGEST_NAME + " characters." : null;
    }

    private static Optional<LineId> lineOf(String text, List<LineId> lines) {
        return lines.stream().filter(own -> Integer.toString(own.value()).equals(text)).findFirst();
    }

    private static @Nullable String limitError(String text) {
        return text.isBlank() || Dollars.parse(text).isPresent() ? null : Dollars.RULE;
    }

    private static @Nullable Amount limit(String text) {
        return text.isBlank() ? null : Dollars.parse(text).orElseThrow();
    }

    private static @Nullable String expiryError(String text, LocalDate today) {
        try {
            return text.isBlank() || !LocalDate.parse(text).isBefore(today) ? null : "Choose today or a later day.";
        } catch (DateTimeParseException e) {
            return "Write the day as year-month-day, such as " + today.plusMonths(3) + ".";
        }
    }
}
