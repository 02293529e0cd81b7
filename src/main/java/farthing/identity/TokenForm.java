package farthing.identity;

import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

/** The form of a new token as it was typed, with an error at each field that needs one. */
record TokenForm(String name, @Nullable String nameError, List<Choice> scopes, @Nullable String scopesError, String expires,
        @Nullable String expiresError) {

    private static final int LONGEST_NAME = 60;
    private static final int USUAL_DAYS = 90;

    record Choice(String value, String about, boolean checked) {
    }

    static TokenForm fresh(Clock clock) {
        return new TokenForm("", null, choices(List.of("read", "publish")), null, today(clock).plusDays(USUAL_DAYS).toString(),
                null);
    }

    static TokenForm of(String name, List<String> scopes, String expires, Clock clock) {
        List<Choice> choices = choices(scopes);
        return new TokenForm(name, nameError(name), choices,
                choices.stream().noneMatch(Choice::checked) ? "Choose at least one thing that the token is for." : null,
                expires,
                expiryError(expires, today(clock)));
    }

    boolean valid() {
        return nameError == null && scopesError == null && expiresError == null;
    }

    Set<Scope> chosen() {
        Set<Scope> chosen = EnumSet.noneOf(Scope.class);
        scopes.stream().filter(Choice::checked)
                .forEach(choice -> chosen.add(Scope.valueOf(choice.value.toUpperCase(Locale.ROOT))));
        return chosen;
    }

    /** The end of the last day. */
    @Nullable
    Instant expiresAt() {
        return expires.isBlank() ? null : LocalDate.parse(expires).plusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant();
    }

    private static List<Choice> choices(List<String> chosen) {
        return Stream.of(Scope.values()).map(scope -> {
            String value = scope.name().toLowerCase(Locale.ROOT);
            return new Choice(value, switch (scope) {
                case READ -> "see your models, publications and account";
                case PUBLISH -> "upload files and publish models and versions";
                case MANAGE -> "change and withdraw what is there: offers, visibility, cards";
            }, chosen.contains(value));
        }).toList();
    }

    private static @Nullable String nameError(String name) {
        if (name.isBlank()) {
            return "Give the token a name.";
        }
        return name.length() > LONGEST_NAME ? "Use at most " + LONGEST_NAME + " characters." : null;
    }

    private static @Nullable String expiryError(String text, LocalDate today) {
        try {
            return text.isBlank() || !LocalDate.parse(text).isBefore(today) ? null : "Choose today or a later day.";
        } catch (DateTimeParseException e) {
            return "Write the day as year-month-day, such as " + today.plusDays(USUAL_DAYS) + ".";
        }
    }

    private static LocalDate today(Clock clock) {
        return LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
    }
}
