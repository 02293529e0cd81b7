package farthing.metering;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

import farthing.catalog.Listing;
import farthing.identity.MaxPrice;
import farthing.money.Amount;
import farthing.money.Price;
import farthing.web.Formats;
import farthing.web.Problem;

/** The version's offer is dearer than the key accepts. */
class PriceAboveLimit extends Problem {

    PriceAboveLimit(Listing listing, MaxPrice most) {
        super(402, "price_above_limit", "The offer of " + listing.model() + "@" + listing.label() + " asks for "
                + String.join(" and ", tooDear(listing.offer().price(), most))
                + ". Raise the key's highest price at /keys, or call a cheaper model or version.");
    }

    @Override
    public Optional<String> param() {
        return Optional.of("model");
    }

    private static List<String> tooDear(Price price, MaxPrice most) {
        List<String> parts = new ArrayList<>();
        add(parts, price.perMillionInputTokens(), most.perMillionInputTokens(), "for a million tokens of input");
        add(parts, price.perMillionOutputTokens(), most.perMillionOutputTokens(), "for a million tokens of output");
        add(parts, price.perCall(), most.perCall(), "for a call");
        add(parts, price.perItem(), most.perItem(), "for an item");
        return parts;
    }

    private static void add(List<String> parts, long nanos, @Nullable Amount most, String what) {
        if (most != null && MaxPrice.isAbove(nanos, most)) {
            parts.add(Formats.dollars(Amount.ofNanos(nanos)) + " " + what + ", where this API key pays "
                    + Formats.dollars(most) + " at most");
        }
    }
}
