package farthing.catalog;

import org.jspecify.annotations.Nullable;

import farthing.engine.Task;
import farthing.money.Price;

/**
 * Where a model is tried out on its page; see playground.html.
 *
 * @param kind which form there is
 * @param example what the form is filled in with
 * @param curl the same for those without script
 * @param mostTokens that an answer can have
 */
record Playground(String kind, String example, String curl, int mostTokens, long perMillionInput, long perMillionOutput,
        long perCall, long perItem) {

    /** Null for a task that has none. */
    static @Nullable Playground of(Listing listing, Snippets snippets) {
        return switch (listing.task()) {
            case COMPLETION -> of("completion", "In the beginning", listing, snippets);
            case CHAT -> of("chat", "Name three small birds.", listing, snippets);
            case EMBEDDING -> of("embedding", """
                    A wren sits on the smallest coin.
                    A small bird is on a penny.
                    The bank raised its interest rate.
                    How much does a litre of milk cost?""", listing, snippets);
            case LANGUAGE_IDENTIFICATION ->
                of("labels", "Wo ist der Bahnhof, von dem die Züge nach Wien fahren?", listing, snippets);
            case CLASSIFICATION -> of("labels", "The food was good and the waiter was slow.", listing, snippets);
            default -> null;
        };
    }

    private static Playground of(String kind, String example, Listing listing, Snippets snippets) {
        Price price = listing.offer().price();
        Task task = listing.task();
        return new Playground(kind, example, snippets.of(task).getFirst().code(), listing.loadable().contextLength(),
                price.perMillionInputTokens(), price.perMillionOutputTokens(), price.perCall(), price.perItem());
    }
}
