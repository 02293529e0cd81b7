package farthing.catalog;

import java.time.Clock;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

import jakarta.transaction.Transactional;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import org.jboss.resteasy.reactive.RestQuery;
import org.jspecify.annotations.Nullable;

import farthing.engine.Task;
import farthing.identity.AccountId;
import farthing.identity.SignedIn;
import farthing.money.Amount;
import farthing.money.Price;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;

/** Up to four models side by side. */
@Path("/compare")
@Blocking
class ComparePages {

    static final int MOST = 4;

    private static final long MOST_UNITS = 1_000_000;
    private static final long MOST_CALLS = 1_000_000_000;

    record Column(String name, String href, String purpose, String withoutHref, @Nullable String deprecated) {
    }

    /** @param differs whether not all columns say the same */
    record Row(String label, List<Cell> cells, boolean differs) {
    }

    /** Either a sum or words. */
    record Cell(@Nullable Amount amount, @Nullable String text) {
    }

    /** @param error null where the number is good */
    record Field(String value, @Nullable String error) {

        static Field of(@Nullable String typed, long usual, long least, long most) {
            String value = typed == null || typed.isBlank() ? Long.toString(usual) : typed.strip();
            boolean good = value.matches("[0-9]{1,12}") && Long.parseLong(value) >= least && Long.parseLong(value) <= most;
            return new Field(value,
                    good ? null : "Write a whole number from " + least + " to " + String.format("%,d", most) + ".");
        }

        long number() {
            return Long.parseLong(value);
        }
    }

    record CompareView(List<Column> models, List<Row> rows, Field in, Field out, Field calls, List<String> missing,
            boolean tooMany, String modelsHref) {
    }

    @CheckedTemplate(basePath = "catalog")
    static class Templates {

        private Templates() {
        }

        static native TemplateInstance compare(CompareView page);
    }

    private final Catalog catalog;
    private final Models models;
    private final Activity activity;
    private final SignedIn signedIn;
    private final Clock clock;

    ComparePages(Catalog catalog, Models models, Activity activity, SignedIn signedIn, Clock clock) {
        this.catalog = catalog;
        this.models = models;
        this.activity = activity;
        this.signedIn = signedIn;
        this.clock = clock;
    }

    /** Those of the names that are names of models, each once, up to the most that can be compared. */
    static List<ModelId> named(List<String> names) {
        return names.stream().flatMap(name -> ModelId.parse(name).stream()).distinct().limit(MOST).toList();
    }

    static String href(List<String> names) {
        return "/compare?" + parameters(names);
    }

    private static String parameters(List<String> names) {
        return names.stream().map(name -> "m=" + name).collect(Collectors.joining("&"));
    }

    private record One(Listing listing, Model model, Version version, Figures figures) {

        Price price() {
            return listing.offer().price();
        }
    }

    @GET
    @Produces(MediaType.TEXT_HTML)
    @Transactional
    public TemplateInstance compare(@RestQuery List<String> m, @RestQuery @Nullable String in, @RestQuery @Nullable String out,
            @RestQuery @Nullable String calls) {
        List<String> names = named(m).stream().map(ModelId::toString).toList();
        List<String> missing = new ArrayList<>();
        List<One> found = new ArrayList<>();
        for (String name : names) {
            one(name).ifPresentOrElse(found::add, () -> missing.add(name));
        }
        TypicalCall typical = TypicalCall.of(found.isEmpty() ? Task.CHAT : found.getFirst().listing.task());
        Field input = Field.of(in, typical.inputTokens(), 0, MOST_UNITS);
        Field output = Field.of(out, typical.outputTokens(), 0, MOST_UNITS);
        Field number = Field.of(calls, 1_000, 1, MOST_CALLS);
        List<String> shown = found.stream().map(one -> one.listing.model().toString()).toList();
        List<Column> columns = found.stream().map(one -> column(one, shown)).toList();
        return Templates.compare(new CompareView(columns, rows(found, input, output, number), input, output, number, missing,
                m.stream().distinct().count() > MOST, shown.isEmpty() ? "/models" : "/models?" + parameters(shown)));
    }

    private Optional<One> one(String name) {
        Optional<AccountId> viewer = signedIn.ifAny();
        Listing listing;
        try {
            listing = catalog.shown(name, viewer);
        } catch (UnknownModel e) {
            return Optional.empty();
        }
        Model model = models.find(listing.model()).orElseThrow();
        Version version = model.versions.stream().filter(each -> each.versionId().equals(listing.version())).findFirst()
                .orElseThrow();
        LocalDate first = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC).minusDays(Shelf.DAYS - 1);
        return Optional.of(new One(listing, model, version,
                Figures.of(activity.of(model.versions.stream().map(Version::versionId).toList(), first), listing.version())));
    }

    private static Column column(One one, List<String> shown) {
        String name = one.listing.model().toString();
        List<String> others = shown.stream().filter(other -> !other.equals(name)).toList();
        return new Column(name, "/models/" + name, one.model.purpose, href(others), one.model.deprecated);
    }

    private static List<Row> rows(List<One> models, Field in, Field out, Field calls) {
        Rows rows = new Rows(models);
        if (in.error == null && out.error == null && calls.error == null) {
            rows.add("These calls", models.stream().map(one -> together(one, in, out, calls)).toList());
        }
        rows.sums("1,000 calls typical for the task", one -> TypicalCall.of(one.listing.task()).costOfThousand(one.price()));
        rows.prices("1 million input tokens", Price::perMillionInputTokens);
        rows.prices("1 million output tokens", Price::perMillionOutputTokens);
        rows.prices("A call", Price::perCall);
        rows.prices("A text", Price::perItem);
        rows.words("Task", one -> one.model.task);
        rows.words("Median latency", one -> one.figures.p50());
        rows.words("95 % within", one -> one.figures.p95());
        rows.words("Time to the first token", one -> one.figures.firstToken());
        rows.words("Answered in 30 days", one -> one.figures.uptime());
        rows.words("Calls in 30 days", one -> one.figures.calls() == 0 ? "none yet"
                : String.format("%,d", one.figures.calls()));
        rows.words("Size", one -> Sizes.bytes(one.version.sizeBytes));
        rows.words("Parameters", one -> Sizes.count(one.version.parameters));
        rows.words("Quantisation", one -> one.version.quantisation);
        rows.words("Context", one -> String.format("%,d tokens", one.version.contextTokens));
        rows.words("Engine", one -> ModelView.engine(one.version.engine));
        rows.words("Licence", one -> one.version.licence);
        rows.words("Of each charge", one -> SplitPart.of(one.listing.split(), one.model.owner, (Amount) null).stream()
                .map(part -> part.percent() + " " + part.role().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", ")));
        rows.words("Version", one -> one.version.label);
        return rows.rows;
    }

    private static Cell together(One one, Field in, Field out, Field calls) {
        boolean generates = one.listing.task() == Task.COMPLETION || one.listing.task() == Task.CHAT;
        try {
            Amount each = one.price().chargeRoundedDown(in.number(), generates ? out.number() : 0, 1);
            return new Cell(Amount.ofNanos(Math.multiplyExact(each.nanos(), calls.number())), null);
        } catch (ArithmeticException tooMuch) {
            return new Cell(null, "more than can be counted");
        }
    }

    private static final class Rows {

        private final List<One> models;
        private final List<Row> rows = new ArrayList<>();

        Rows(List<One> models) {
            this.models = models;
        }

        void words(String label, Function<One, @Nullable String> words) {
            add(label, models.stream().map(one -> {
                String text = words.apply(one);
                return new Cell(null, text == null ? "–" : text);
            }).toList());
        }

        void sums(String label, Function<One, Amount> sum) {
            add(label, models.stream().map(one -> new Cell(sum.apply(one), null)).toList());
        }

        /** Left out where no model has such a price. */
        void prices(String label, Function<Price, Long> nanos) {
            if (models.stream().anyMatch(one -> nanos.apply(one.price()) > 0)) {
                sums(label, one -> Amount.ofNanos(nanos.apply(one.price())));
            }
        }

        private void add(String label, List<Cell> cells) {
            rows.add(new Row(label, cells, cells.stream().distinct().count() > 1));
        }
    }
}
