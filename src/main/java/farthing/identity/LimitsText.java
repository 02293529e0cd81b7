package farthing.identity;

import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

import farthing.money.Amount;
import farthing.web.Formats;

/** What a key may do beside spending, in a few words each. */
class LimitsText {

    private LimitsText() {
    }

    static List<String> of(KeyLimits limits) {
        List<String> texts = new ArrayList<>();
        if (!limits.models().patterns().isEmpty()) {
            texts.add("only " + limits.models());
        }
        price(texts, limits.maxPrice().perMillionInputTokens(), "1 million input tokens");
        price(texts, limits.maxPrice().perMillionOutputTokens(), "1 million output tokens");
        price(texts, limits.maxPrice().perCall(), "a call");
        price(texts, limits.maxPrice().perItem(), "a text");
        rate(texts, limits.rates().requestsPerMinute(), "request", " a minute");
        rate(texts, limits.rates().tokensPerMinute(), "token", " a minute");
        rate(texts, limits.rates().streams(), "stream", " at once");
        return texts;
    }

    private static void price(List<String> texts, @Nullable Amount most, String what) {
        if (most != null) {
            texts.add("at most " + Formats.dollars(most) + " for " + what);
        }
    }

    private static void rate(List<String> texts, @Nullable Integer most, String what, String when) {
        if (most != null) {
            texts.add(Formats.grouped(most) + " " + what + (most == 1 ? "" : "s") + when);
        }
    }
}
