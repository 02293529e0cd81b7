package farthing.catalog;

import java.util.Optional;

import jakarta.transaction.Transactional;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import org.jboss.resteasy.reactive.RestQuery;
import org.jspecify.annotations.Nullable;

import farthing.identity.AccountId;
import farthing.identity.SignedIn;
import farthing.web.Site;
import io.quarkus.qute.CheckedTemplate;
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

    ModelPages(Catalog catalog, Models models, Site site, SignedIn signedIn, Records records) {
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
        return Templates.model(ModelView.of(listing, model, tab, Calculator.of(listing, in, out, calls),
                new Snippets(site.publicUrl().toString(), listing.model().toString()), viewer,
                records.of(model.versions.stream().map(Version::versionId).toList())));
    }
}
