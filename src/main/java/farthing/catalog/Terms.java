package farthing.catalog;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import farthing.catalog.VersionRequest.OfferRequest;
import farthing.catalog.VersionRequest.SplitRequest;
import farthing.engine.Task;
import farthing.money.Price;
import farthing.money.Split;
import farthing.web.Fault;

/** The rules for what a developer says of a model. Collects what breaks them, so that all is told at once. */
class Terms {

    /** The platform's part of every charge. */
    static final int PLATFORM = 800;
    static final Split USUAL_SPLIT = new Split(Split.WHOLE - PLATFORM, 0, 0, 0, PLATFORM);
    /** A price rise is known so long before. */
    static final Duration NOTICE = Duration.ofHours(24);

    static final int LONGEST_PURPOSE = 160;
    static final int LONGEST_CARD = 40_000;
    private static final int LONGEST_TEXT = 4_000;
    /** A million dollars. */
    private static final long HIGHEST_PRICE = 1_000_000_000_000_000L;
    private static final Duration FARTHEST = Duration.ofDays(366);
    private static final Duration CLOCKS_DIFFER = Duration.ofMinutes(1);

    private final List<Fault> faults = new ArrayList<>();

    void wrong(String param, String sentence) {
        faults.add(new Fault(param, sentence));
    }

    boolean wrong() {
        return !faults.isEmpty();
    }

    /** @throws InvalidListing if anything was wrong */
    void check() {
        if (!faults.isEmpty()) {
            throw new InvalidListing(faults);
        }
    }

    String purpose(@Nullable String text) {
        String purpose = text == null ? "" : text.strip();
        if (purpose.isEmpty()) {
            wrong("purpose", "Say in one line what the model is for.");
        } else if (purpose.length() > LONGEST_PURPOSE || purpose.chars().anyMatch(Character::isISOControl)) {
            wrong("purpose", "Write one line of at most " + LONGEST_PURPOSE + " characters; this has "
                    + String.format("%,d", purpose.length()) + (purpose.contains("\n") ? " in several lines." : "."));
        }
        return purpose;
    }

    String card(@Nullable String text) {
        String card = text == null ? "" : text.strip();
        if (card.isEmpty()) {
            wrong("card", "Write a card: what the model is good for, and what its limits are.");
        } else {
            text("card", card, LONGEST_CARD);
        }
        return card;
    }

    String text(String param, @Nullable String text, String without) {
        String clean = text == null || text.isBlank() ? without : text.strip();
        text(param, clean, LONGEST_TEXT);
        return clean;
    }

    private void text(String param, String text, int longest) {
        if (text.length() > longest) {
            wrong(param, "Write at most %,d characters; this has %,d.".formatted(longest, text.length()));
        } else if (text.indexOf('\0') >= 0) {
            wrong(param, "This holds a character that is no text; remove it.");
        }
    }

    String licence(Licences licences, @Nullable String text) {
        String licence = text == null ? "" : text.strip();
        licences.fault(licence).ifPresent(fault -> wrong("licence", fault));
        return licence;
    }

    Task task(@Nullable String text) {
        for (Task task : Task.values()) {
            if (task.wireName().equals(text)) {
                return task;
            }
        }
        wrong("task",
                "Choose the task: " + Stream.of(Task.values()).map(Task::wireName).collect(Collectors.joining(", ")) + ".");
        return Task.TENSOR;
    }

    <E extends Enum<E>> E choice(String param, Class<E> type, @Nullable String text, E without) {
        if (text == null || text.isBlank()) {
            return without;
        }
        for (E each : type.getEnumConstants()) {
            if (each.name().toLowerCase(Locale.ROOT).equals(text)) {
                return each;
            }
        }
        wrong(param, "This is one of " + Stream.of(type.getEnumConstants()).map(each -> each.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", ")) + ".");
        return without;
    }

    Price price(OfferRequest offer) {
        return new Price(nanos("per_million_input_tokens", offer.perMillionInputTokens()),
                nanos("per_million_output_tokens", offer.perMillionOutputTokens()), nanos("per_call", offer.perCall()),
                nanos("per_item", offer.perItem()));
    }

    private long nanos(String part, @Nullable Long nanos) {
        if (nanos == null) {
            return 0;
        }
        if (nanos < 0 || nanos > HIGHEST_PRICE) {
            wrong("offer." + part, "A price is from 0 to %,d nanos (1,000,000 dollars).".formatted(HIGHEST_PRICE));
            return 0;
        }
        return nanos;
    }

    Split split(SplitRequest split) {
        int[] parts = { part(split.developer()), part(split.baseModel()), part(split.dataPool()), part(split.validators()),
                split.platform() == null ? PLATFORM : split.platform() };
        long sum = IntStream.of(parts).asLongStream().sum();
        if (IntStream.of(parts).anyMatch(part -> part < 0 || part > Split.WHOLE)) {
            wrong("split", "Each part is from 0 to 10,000 basis points (100 %).");
        } else if (parts[4] != PLATFORM) {
            wrong("split", "The platform's part is " + PLATFORM + " basis points (8 %); divide the other 9,200.");
        } else if (sum != Split.WHOLE) {
            wrong("split", ("The parts add up to %,d basis points with the platform's 800, and must add up to 10,000: %s %,d.")
                    .formatted(sum, sum > Split.WHOLE ? "take away" : "add", Math.abs(Split.WHOLE - sum)));
        }
        return faults.isEmpty() || sum == Split.WHOLE && parts[4] == PLATFORM && IntStream.of(parts).allMatch(part -> part >= 0)
                ? new Split(parts[0], parts[1], parts[2], parts[3], parts[4])
                : USUAL_SPLIT;
    }

    private static int part(@Nullable Integer part) {
        return part == null ? 0 : part;
    }

    /** @return null: at once */
    @Nullable
    Instant from(@Nullable Instant from, Instant now) {
        if (from == null) {
            return null;
        }
        if (from.isBefore(now.minus(CLOCKS_DIFFER))) {
            wrong("offer.from", "That moment is over (" + from + "): a price begins now or later.");
        } else if (from.isAfter(now.plus(FARTHEST))) {
            wrong("offer.from", "An offer begins within a year.");
        }
        return from.isAfter(now) ? from : null;
    }

    static boolean rises(Price from, Price to) {
        return to.perMillionInputTokens() > from.perMillionInputTokens()
                || to.perMillionOutputTokens() > from.perMillionOutputTokens() || to.perCall() > from.perCall()
                || to.perItem() > from.perItem();
    }
}
