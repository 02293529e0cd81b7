package farthing.identity;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

import farthing.ledger.LineId;
import farthing.money.Amount;
import farthing.web.Fault;

/**
 * A key as {@code /api/keys} asks for it. Amounts are nanos above zero. What is left out limits nothing.
 *
 * @param line number of one of the account's lines; for a new key alone
 * @param models each owner/name, or owner/* for all of an owner
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
record KeyRequest(@Nullable String name, @Nullable Long line, @Nullable Long total, @Nullable Long perDay,
        @Nullable PriceRequest maxPrice, @Nullable List<@Nullable String> models, @Nullable Integer requestsPerMinute,
        @Nullable Integer tokensPerMinute, @Nullable Integer streams, @Nullable Instant expiresAt) {

    /** The dearest offer that is accepted, part by part. */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record PriceRequest(@Nullable Long perMillionInputTokens, @Nullable Long perMillionOutputTokens, @Nullable Long perCall,
            @Nullable Long perItem) {

        private static final PriceRequest NONE = new PriceRequest(null, null, null, null);
    }

    /** @throws KeyRefused with a sentence for each field at fault */
    LineId lineIn(List<LineId> lines) {
        Optional<LineId> chosen = lines.stream()
                .filter(own -> line != null && Integer.toUnsignedLong(own.value()) == line).findFirst();
        List<Fault> faults = faults();
        if (chosen.isEmpty()) {
            faults.add(new Fault("line", "Name one of your lines by its number; they are at /budgets."));
        }
        refuse(faults);
        return chosen.orElseThrow();
    }

    /** @throws KeyRefused with a sentence for each field at fault */
    void check() {
        refuse(faults());
    }

    String named() {
        return name == null ? "" : name.strip();
    }

    KeyLimits limits() {
        PriceRequest price = price();
        return new KeyLimits(ApiKey.amount(total), ApiKey.amount(perDay),
                new MaxPrice(ApiKey.amount(price.perMillionInputTokens), ApiKey.amount(price.perMillionOutputTokens),
                        ApiKey.amount(price.perCall), ApiKey.amount(price.perItem)),
                new AllowedModels(patterns()), new RateLimits(requestsPerMinute, tokensPerMinute, streams));
    }

    private List<Fault> faults() {
        List<Fault> faults = new ArrayList<>();
        add(faults, "name", KeyForm.nameError(named()));
        PriceRequest price = price();
        nanos(faults, "total", total);
        nanos(faults, "per_day", perDay);
        nanos(faults, "max_price.per_million_input_tokens", price.perMillionInputTokens);
        nanos(faults, "max_price.per_million_output_tokens", price.perMillionOutputTokens);
        nanos(faults, "max_price.per_call", price.perCall);
        nanos(faults, "max_price.per_item", price.perItem);
        add(faults, "models", KeyForm.modelsError(patterns()));
        number(faults, "requests_per_minute", requestsPerMinute);
        number(faults, "tokens_per_minute", tokensPerMinute);
        number(faults, "streams", streams);
        return faults;
    }

    private PriceRequest price() {
        return maxPrice == null ? PriceRequest.NONE : maxPrice;
    }

    private List<String> patterns() {
        return models == null ? List.of() : models.stream().map(one -> one == null ? "" : one.strip()).distinct().toList();
    }

    private static void nanos(List<Fault> faults, String param, @Nullable Long nanos) {
        add(faults, param, nanos == null || nanos > 0 ? null : "Write nanos above zero, or leave it out for no limit.");
    }

    private static void number(List<Fault> faults, String param, @Nullable Integer number) {
        add(faults, param, number == null || number > 0 && number <= KeyForm.LARGEST_NUMBER ? null
                : "Write a whole number above zero, or leave it out for no limit.");
    }

    private static void add(List<Fault> faults, String param, @Nullable String detail) {
        if (detail != null) {
            faults.add(new Fault(param, detail));
        }
    }

    private static void refuse(List<Fault> faults) {
        if (!faults.isEmpty()) {
            throw KeyRefused.invalid(faults);
        }
    }

    /** Nanos of an amount that a limit may have; null where it has none. */
    static @Nullable Long nanos(@Nullable Amount amount) {
        return amount == null ? null : amount.nanos();
    }
}
