package farthing.market;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Every page that a person may see, and as whom: the tests of accessibility, of phones and of weight, and the screenshots,
 * all go through it. A new page is added here.
 */
final class PageTable {

    /** Somebody of the trial, by the label of their button at /sign-in. */
    enum Who {
        NOBODY(""),
        CALLER("Caller"),
        DEVELOPER("Developer"),
        OPERATOR("Operator");

        final String label;

        Who(String label) {
            this.label = label;
        }
    }

    /** @param path may hold {@code {receipt}}, which stands for the receipt of a call of the caller's */
    record Sight(Who who, String path) {

        Sight of(String receipt) {
            return new Sight(who, path.replace("{receipt}", receipt));
        }

        String name() {
            String name = path.replaceAll("[^A-Za-z0-9]+", "-").replaceAll("^-|-$", "");
            return (name.isEmpty() ? "home" : name) + "-" + who.name().toLowerCase(Locale.ROOT);
        }
    }

    private static final List<String> PUBLIC = List.of("/sign-in", "/");
    private static final List<String> CALLERS = List.of("/", "/models", "/models?q=embedding", "/models?q=zebra",
            "/models/wren/kjv", "/models/wren/kjv?tab=use", "/models/wren/kjv?tab=playground",
            "/models/wren/minilm-l6-v2?tab=playground", "/models/wren/kjv?tab=versions", "/models/wren/kjv?tab=data",
            "/models/wren/kjv?tab=performance", "/compare?model=wren/kjv&model=wren/minilm-l6-v2", "/publish",
            "/models/wren/langdetect?in=x", "/batches", "/batches/1", "/docs", "/docs/callers", "/docs/developers",
            "/docs/contributors", "/docs/operators", "/docs/billing", "/docs/webhooks", "/docs/api", "/budgets", "/keys",
            "/keys/1", "/usage",
            "/usage?from=2020-01-01&to=2020-01-02", "/usage?by=key&show=calls&range=custom", "/earnings", "/account",
            "/receipts/{receipt}", "/webhooks", "/webhooks/1", "/webhooks/1/deliveries/1", "/webhooks/1/delete");
    private static final List<String> DEVELOPERS = List.of("/earnings", "/models/wren/kjv", "/publish",
            "/models/wren/kjv/manage", "/records/1");
    private static final List<String> OPERATORS = List.of("/operator", "/operator?handle=robin");

    /** For a server whose first batch comes soon. */
    static final Map<String, String> SETTINGS = Map.of("FARTHING_SETTLEMENT_EVERY", "1s", "FARTHING_SETTLEMENT_AGE", "0s",
            "FARTHING_WEBHOOK_ALLOW_PRIVATE", "true");

    private PageTable() {
    }

    /** Makes what the pages are about: a call, its receipt, and the batch that it is in; a webhook. */
    static List<Sight> prepare(FarthingProcess server) throws IOException, InterruptedException {
        HttpResponse<String> answer = FarthingProcess.HTTP.send(server.call("/v1/completions", """
                {"model": "wren/kjv", "prompt": "In the beginning", "max_tokens": 12}""").build(),
                HttpResponse.BodyHandlers.ofString());
        String receipt = answer.headers().firstValue("Farthing-Receipt").orElseThrow(() -> new AssertionError(answer.body()));
        server.await("the first batch", () -> server.get("/v1/batches/1").statusCode() == 200);
        // Nobody listens there, so its delivery waits for the next attempt.
        Visitor caller = Visitor.signedIn(server, server.demoWallet("robin"));
        caller.post("/webhooks", "/webhooks",
                Map.of("name", "accounting", "url", "http://127.0.0.1:9/farthing", "events", "farthing.budget.reached.v1"));
        caller.post("/webhooks/1", "/webhooks/1/test", Map.of());
        server.await("an attempt", () -> caller.get("/webhooks/1").contains("cannot be reached"));
        return all().stream().map(sight -> sight.of(receipt)).toList();
    }

    private static List<Sight> all() {
        return Stream.of(sights(Who.NOBODY, PUBLIC), sights(Who.CALLER, CALLERS), sights(Who.DEVELOPER, DEVELOPERS),
                sights(Who.OPERATOR, OPERATORS)).flatMap(List::stream).toList();
    }

    private static List<Sight> sights(Who who, List<String> paths) {
        return paths.stream().map(path -> new Sight(who, path)).toList();
    }
}
