package farthing.identity;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import farthing.ledger.LineId;
import farthing.money.Amount;
import farthing.web.Dollars;

/** The form of a key as it was typed, with an error at each field that needs one. */
record KeyForm(Map<String, String> values, Map<String, String> errors) {

    static final int LONGEST_NAME = 60;
    static final int LARGEST_NUMBER = 1_000_000_000;

    static final KeyForm EMPTY = new KeyForm(Map.of(), Map.of());

    private static final List<String> MONEY = List.of("total", "daily", "max_input", "max_output", "max_call", "max_item");
    private static final List<String> NUMBERS = List.of("requests", "tokens", "streams");
    /** Those that most keys do without. */
    private static final Set<String> MORE = Set.of("max_input", "max_output", "max_call", "max_item", "models", "requests",
            "tokens", "streams");

    /** @param lines one of which must be chosen; empty where the key has one already */
    static KeyForm of(Map<String, String> typed, Optional<List<LineId>> lines, Instant now) {
        Map<String, String> values = new HashMap<>();
        typed.forEach((name, value) -> values.put(name, value.strip()));
        KeyForm form = new KeyForm(values, new LinkedHashMap<>());
        form.check("name", nameError(form.value("name")));
        lines.ifPresent(own -> form.check("line", form.lineIn(own).isEmpty() ? "Choose one of your lines." : null));
        MONEY.forEach(name -> form.check(name, moneyError(form.value(name))));
        NUMBERS.forEach(name -> form.check(name, numberError(form.value(name))));
        form.check("models", modelsError(form.patterns()));
        form.check("expires", expiryError(form.value("expires"), LocalDate.ofInstant(now, ZoneOffset.UTC)));
        return form;
    }

    static KeyForm of(ApiKey key) {
        KeyLimits limits = key.limits();
        Map<String, String> values = new HashMap<>();
        values.put("name", key.name);
        put(values, "total", limits.total());
        put(values, "daily", limits.perDay());
        put(values, "max_input", limits.maxPrice().perMillionInputTokens());
        put(values, "max_output", limits.maxPrice().perMillionOutputTokens());
        put(values, "max_call", limits.maxPrice().perCall());
        put(values, "max_item", limits.maxPrice().perItem());
        put(values, "requests", limits.rates().requestsPerMinute());
        put(values, "tokens", limits.rates().tokensPerMinute());
        put(values, "streams", limits.rates().streams());
        values.put("models", limits.models().toString());
        if (key.expiresAt != null) {
            values.put("expires", lastDay(key.expiresAt));
        }
        return new KeyForm(values, Map.of());
    }

    public String value(String name) {
        return values.getOrDefault(name, "");
    }

    public @Nullable String error(String name) {
        return errors.get(name);
    }

    /** Whether the fields that most keys do without must be seen. */
    public boolean more() {
        return MORE.stream().anyMatch(name -> !value(name).isEmpty() || errors.containsKey(name));
    }

    boolean valid() {
        return errors.isEmpty();
    }

    Optional<LineId> lineIn(List<LineId> lines) {
        return lines.stream().filter(own -> Integer.toString(own.value()).equals(value("line"))).findFirst();
    }

    KeyLimits limits() {
        return new KeyLimits(amount("total"), amount("daily"),
                new MaxPrice(amount("max_input"), amount("max_output"), amount("max_call"), amount("max_item")),
                new AllowedModels(patterns()), new RateLimits(number("requests"), number("tokens"), number("streams")));
    }

    /** The end of the last day; what it was before if the day is the same. */
    @Nullable
    Instant expiresAt(@Nullable Instant before) {
        String day = value("expires");
        if (before != null && day.equals(lastDay(before))) {
            return before;
        }
        return day.isEmpty() ? null : LocalDate.parse(day).plusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant();
    }

    private List<String> patterns() {
        return Stream.of(value("models").split("[\\s,;]+")).filter(part -> !part.isEmpty()).distinct().toList();
    }

    private @Nullable Amount amount(String name) {
        return value(name).isEmpty() ? null : Dollars.parse(value(name)).orElseThrow();
    }

    private @Nullable Integer number(String name) {
        return value(name).isEmpty() ? null : Integer.valueOf(digits(value(name)));
    }

    private void check(String name, @Nullable String error) {
        if (error != null) {
            errors.put(name, error);
        }
    }

    static @Nullable String nameError(String name) {
        if (name.isBlank()) {
            return "Give the key a name.";
        }
        return name.length() > LONGEST_NAME ? "Use at most " + LONGEST_NAME + " characters." : null;
    }

    static @Nullable String modelsError(List<String> patterns) {
        if (patterns.size() > AllowedModels.MOST) {
            return "Name at most " + AllowedModels.MOST + " models; owner/* stands for all of an owner.";
        }
        return patterns.stream().filter(pattern -> !AllowedModels.isPattern(pattern)).findFirst()
                .map(wrong -> "“" + wrong + "” is no model's name. Write owner/name, or owner/* for all of an owner.")
                .orElse(null);
    }

    private static @Nullable String moneyError(String text) {
        return text.isEmpty() || Dollars.parse(text).isPresent() ? null : Dollars.RULE;
    }

    private static @Nullable String numberError(String text) {
        String digits = digits(text);
        return text.isEmpty() || digits.matches("\\d{1,9}") && !digits.matches("0+") ? null
                : "Write a whole number above zero, such as 60.";
    }

    private static String digits(String text) {
        return text.replaceAll("[,\\s]", "");
    }

    private static @Nullable String expiryError(String text, LocalDate today) {
        try {
            return text.isEmpty() || !LocalDate.parse(text).isBefore(today) ? null : "Choose today or a later day.";
        } catch (DateTimeParseException e) {
            return "Write the day as year-month-day, such as " + today.plusMonths(3) + ".";
        }
    }

    private static String lastDay(Instant end) {
        return LocalDate.ofInstant(end.minusNanos(1), ZoneOffset.UTC).toString();
    }

    private static void put(Map<String, String> values, String name, @Nullable Object value) {
        if (value != null) {
            values.put(name, value instanceof Amount amount ? Dollars.text(amount) : value.toString());
        }
    }
}
