package farthing.catalog;

import java.time.Clock;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import jakarta.transaction.Transactional;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import org.jboss.resteasy.reactive.RestQuery;
import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.catalog.ModelView.Graph;
import farthing.identity.AccountId;
import farthing.identity.SignedIn;
import farthing.web.Site;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.RawString;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;

/** The page of one model. */
@Path("/models/{owner}/{name}")
@Blocking
class ModelPages {

    @CheckedTemplate(basePath = "catalog")
    static class Templates {

        private Templates() {
        }

        static native TemplateInstance model(ModelView page);
    }

    private final Catalog catalog;
    private final Models models;
    private final Site site;
    private final SignedIn signedIn;
    private final Records records;
    private final Activity activity;
    private final Takings takings;
    private final ObjectMapper json;
    private final Clock clock;

    ModelPages(Catalog catalog, Models models, Site site, SignedIn signedIn, Records records, Activity activity,
            Takings takings, ObjectMapper json, Clock clock) {
        this.activity = activity;
        this.takings = takings;
        this.json = json;
        this.clock = clock;
        this.records = records;
        this.signedIn = signedIn;
        this.catalog = catalog;
        this.models = models;
        this.site = site;
    }

    @GET
    @Produces(MediaType.TEXT_HTML)
    @Transactional
    public TemplateInstance model(String owner, String name, @RestQuery @DefaultValue("card") String tab,
            @RestQuery @Nullable String in, @RestQuery @Nullable String out, @RestQuery @Nullable String calls) {
        Optional<AccountId> viewer = signedIn.ifAny();
        Listing listing = catalog.shown(owner + "/" + name, viewer);
        Model model = models.find(listing.model()).orElseThrow();
        List<VersionId> versions = model.versions.stream().map(Version::versionId).toList();
        LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
        Figures figures = Figures.of(activity.of(versions, today.minusDays(Shelf.DAYS - 1)), listing.version());
        return Templates.model(ModelView.of(listing, model, tab, Calculator.of(listing, in, out, calls),
                new Snippets(site.publicUrl().toString(), listing.model().toString()), viewer,
                records.of(versions), figures, takings.of(versions), graphs(figures, today)));
    }

    /** Only what there is something to draw of. */
    private List<Graph> graphs(Figures figures, LocalDate today) {
        List<Graph> graphs = new ArrayList<>();
        if (figures.p50() != null) {
            Map<String, Figures.Value> latency = new LinkedHashMap<>();
            latency.put("Median", Figures.DayLine::p50);
            latency.put("95 % within", Figures.DayLine::p95);
            graphs.add(graph("latency", "Time until a call is answered", "Milliseconds",
                    figures.chart(today, "lines", "ms", 1_000, latency)));
        }
        if (figures.firstToken() != null) {
            graphs.add(graph("first-token", "Time to the first token", "Milliseconds, median",
                    figures.chart(today, "lines", "ms", 1_000, Map.of("Median", Figures.DayLine::firstToken))));
        }
        if (!figures.days().isEmpty()) {
            graphs.add(graph("uptime", "Calls that did not break through our fault", "Percent",
                    figures.chart(today, "lines", "%", 100, Map.of("Answered", Figures.DayLine::uptime))));
            graphs.add(graph("per-day", "Answered calls", "Calls",
                    figures.chart(today, "bars", "calls", 1, Map.of("Calls", Figures.DayLine::calls))));
        }
        return graphs;
    }

    private Graph graph(String id, String title, String unit, Figures.Chart chart) {
        try {
            // Inside a script element only "<" could end it early.
            return new Graph(id, title, unit, new RawString(json.writeValueAsString(chart).replace("<", "\\u003c")));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
