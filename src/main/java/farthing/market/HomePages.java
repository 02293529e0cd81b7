package farthing.market;

import java.util.List;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import org.jspecify.annotations.Nullable;

import farthing.catalog.ModelCard;
import farthing.catalog.Search;
import farthing.engine.Task;
import farthing.identity.SampleCall;
import farthing.web.Site;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;

/** The first page. */
@Path("/")
@Blocking
class HomePages {

    private static final int SHOWN = 6;

    record HomeView(String command, LiveFigures.@Nullable LastCall call, LiveFigures.Totals totals,
            List<ModelCard> models, String modelHref) {
    }

    @CheckedTemplate(basePath = "market")
    static class Templates {

        private Templates() {
        }

        static native TemplateInstance home(HomeView page);
    }

    private final Search search;
    private final Site site;
    private final LiveFigures figures;
    private final SampleCall sample;

    HomePages(Search search, Site site, LiveFigures figures, SampleCall sample) {
        this.sample = sample;
        this.search = search;
        this.site = site;
        this.figures = figures;
    }

    @GET
    @Produces(MediaType.TEXT_HTML)
    public TemplateInstance home() {
        String model = firstWith(Task.COMPLETION);
        return Templates.home(new HomeView(sample.curl("$FARTHING_API_KEY"), figures.lastCall().orElse(null), figures.totals(),
                search.newest(SHOWN), model.equals(NO_MODEL) ? "/models" : "/models/" + model + "?tab=use#tabs"));
    }

    private static final String NO_MODEL = "owner/name";

    private String firstWith(Task task) {
        return search.popular(task).map(Object::toString).orElse(NO_MODEL);
    }
}
