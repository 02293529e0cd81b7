package farthing.catalog;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import farthing.catalog.Snippets.Snippet;
import farthing.engine.EngineKind;
import farthing.identity.AccountId;
import farthing.money.Amount;
import farthing.money.Price;
import farthing.web.Shortened;
import io.quarkus.qute.RawString;

/** What the page of one model shows; see the head of its template. */
record ModelView(String name, String href, String purpose, String task, String engine, String size, String quantisation,
        String licence, String version, String hash, String hashShort, List<PriceLine> prices, Figures figures,
        Calculator calculator, List<SplitPart> split, Takings.@Nullable Sum paid, List<Graph> graphs, List<Tab> tabs,
        String tab, RawString cardHtml,
        List<Snippet> samples, List<VersionLine> versions, List<Base> bases, List<Set> sets, String dataNote,
        @Nullable String dataShare, @Nullable String notice, boolean callable, @Nullable String manageHref,
        @Nullable Playground playground) {

    record PriceLine(String label, Amount amount) {
    }

    /** @param json for chart.js */
    record Graph(String id, String title, String unit, RawString json) {
    }

    record Tab(String label, String href, boolean here) {
    }

    record VersionLine(String name, boolean current, String hash, String hashShort, String size, Instant at, String licence,
            @Nullable Signer signer, String note) {
    }

    /** @param href where the statement is shown */
    record Signer(String address, String addressShort, String href, boolean mined) {

        static @Nullable Signer of(Version version, Map<VersionId, Records.Recorded> records) {
            Records.Recorded recorded = records.get(version.versionId());
            return recorded == null ? null
                    : new Signer(recorded.signer().text(), Shortened.of(recorded.signer().text()),
                            "/records/" + Integer.toUnsignedString(version.id), recorded.mined());
        }
    }

    record Base(String name, @Nullable String href, String share) {
    }

    record Set(String name, @Nullable String href, String licence, String items, String share) {
    }

    /** The name of a constant in lower case is its address. */
    enum About {
        CARD("Card"),
        PLAYGROUND("Playground"),
        USE("Use it"),
        VERSIONS("Versions"),
        DATA("Data"),
        PERFORMANCE("Performance");

        private final String label;

        About(String label) {
            this.label = label;
        }

        private String address() {
            return name().toLowerCase(Locale.ROOT);
        }

        private static About of(String address) {
            return Stream.of(values()).filter(one -> one.address().equals(address)).findFirst().orElse(CARD);
        }
    }

    static ModelView of(Listing listing, Model model, String tab, Calculator calculator, Snippets snippets,
            Optional<AccountId> viewer, Map<VersionId, Records.Recorded> records, Figures figures, Takings.Sum paid,
            List<Graph> graphs) {
        Version version = model.versions.stream().filter(one -> one.versionId().equals(listing.version())).findFirst()
                .orElseThrow();
        String name = listing.model().toString();
        String href = "/models/" + name;
        About shown = About.of(tab);
        String hash = listing.loadable().files().model().hex();
        return new ModelView(name, href, model.purpose, model.task, engine(version.engine), Sizes.bytes(version.sizeBytes),
                version.quantisation, version.licence, version.label, hash, Shortened.of(hash), prices(listing.offer().price()),
                figures, calculator,
                paid.calls() == 0 ? SplitPart.of(listing.split(), model.owner, calculator.each())
                        : SplitPart.of(listing.split(), model.owner, paid.parts()),
                paid.calls() == 0 ? null : paid, graphs,
                Stream.of(About.values())
                        .map(one -> new Tab(one.label, href + "?tab=" + one.address() + "#tabs", one == shown)).toList(),
                shown.address(), new RawString(Cards.html(model.card) + facts(version)), snippets.of(listing.task()),
                versions(model, version, records),
                List.of(), List.of(), version.provenance,
                version.splitDataPool == 0 ? null : Sizes.percent(version.splitDataPool), notice(model),
                model.visibility != Visibility.UNLISTED && !model.suspended,
                viewer.filter(listing.developer()::equals).isPresent() ? href + "/manage" : null,
                shown == About.PLAYGROUND ? Playground.of(listing, snippets) : null);
    }

    private static @Nullable String notice(Model model) {
        if (model.suspended) {
            return "This model cannot be called: its developer's account is deactivated. Receipts of past calls stay good.";
        }
        return switch (model.visibility) {
            case UNLISTED -> "This model was withdrawn by its developer and cannot be called any more. Receipts of past calls"
                    + " stay good.";
            case PRIVATE -> "This model is private: nobody but you finds or calls it.";
            case PUBLIC -> model.deprecated == null ? null : "Deprecated: " + model.deprecated;
        };
    }

    static String engine(EngineKind kind) {
        return switch (kind) {
            case ONNX -> "ONNX Runtime";
            case GGUF -> "llama.cpp";
            case OPENNLP -> "Apache OpenNLP";
            case REMOTE -> "remote endpoint";
        };
    }

    private static String facts(Version version) {
        return Cards.html("""
                ## Licence and origin
                %s parameters, %s. Licence: %s.

                """.formatted(Sizes.count(version.parameters), version.quantisation, version.licence))
                + Cards.paragraph(version.attribution);
    }

    static List<PriceLine> prices(Price price) {
        List<PriceLine> lines = new ArrayList<>();
        add(lines, "1 million input tokens", price.perMillionInputTokens());
        add(lines, "1 million output tokens", price.perMillionOutputTokens());
        add(lines, "A call", price.perCall());
        add(lines, "A text", price.perItem());
        if (lines.isEmpty()) {
            lines.add(new PriceLine("A call", Amount.ZERO));
        }
        return lines;
    }

    private static void add(List<PriceLine> lines, String label, long nanos) {
        if (nanos > 0) {
            lines.add(new PriceLine(label, Amount.ofNanos(nanos)));
        }
    }

    private static List<VersionLine> versions(Model model, Version current,
            Map<VersionId, Records.Recorded> records) {
        List<VersionLine> lines = new ArrayList<>();
        for (int i = 0; i < model.versions.size(); i++) {
            Version version = model.versions.get(i);
            String note = i + 1 < model.versions.size() ? changes(model.versions.get(i + 1), version) : "first version";
            String hash = version.loadable().files().model().hex();
            lines.add(
                    new VersionLine(version.label, version == current, hash, Shortened.of(hash), Sizes.bytes(version.sizeBytes),
                            version.createdAt, version.licence, Signer.of(version, records), note));
        }
        return lines;
    }

    private static String changes(Version before, Version after) {
        List<String> changes = Stream.of(
                change("quantisation", before.quantisation, after.quantisation),
                change("size", Sizes.bytes(before.sizeBytes), Sizes.bytes(after.sizeBytes)),
                change("licence", before.licence, after.licence),
                change("context", before.contextTokens + " tokens", after.contextTokens + " tokens"),
                change("split", before.split().toString(), after.split().toString()))
                .filter(change -> !change.isEmpty()).toList();
        return changes.isEmpty() ? "other files" : String.join("; ", changes);
    }

    private static String change(String what, String before, String after) {
        return before.equals(after) ? "" : what + " " + after + " instead of " + before;
    }
}
