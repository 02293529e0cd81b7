package farthing.market;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import farthing.catalog.Search;
import farthing.catalog.Snippets;
import farthing.catalog.Snippets.Snippet;
import farthing.engine.Task;
import farthing.market.Handbook.Chapter;
import farthing.web.Site;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;

/** What callers, developers, contributors and operators need to know, with calls that work here. */
@Path("/docs")
@Blocking
@Produces(MediaType.TEXT_HTML)
class DocsPages {

    private static final String NO_MODEL = "owner/name";

    record Link(String label, String href, boolean here) {
    }

    record DocsView(Handbook.Page text, List<Link> chapters) {
    }

    @CheckedTemplate(basePath = "market")
    static class Templates {

        private Templates() {
        }

        static native TemplateInstance docs(DocsView page);
    }

    private final Search search;
    private final Site site;

    DocsPages(Search search, Site site) {
        this.search = search;
        this.site = site;
    }

    @GET
    public TemplateInstance start() {
        return page(Chapter.START);
    }

    @GET
    @Path("{chapter}")
    public TemplateInstance chapter(@PathParam("chapter") String name) {
        return page(Arrays.stream(Chapter.values()).filter(chapter -> chapter != Chapter.START && chapter.file.equals(name))
                .findFirst().orElseThrow(NotFoundException::new));
    }

    private TemplateInstance page(Chapter here) {
        Map<String, String> places = Map.of("base", site.publicUrl().toString(), "model", firstWith(Task.COMPLETION));
        return Templates.docs(new DocsView(Handbook.read(here, places, this::snippet), Arrays.stream(Chapter.values())
                .map(chapter -> new Link(chapter.label, chapter.href(), chapter == here)).toList()));
    }

    private List<Snippet> snippet(String name) {
        return switch (name) {
            case "completion" -> of(Task.COMPLETION);
            case "embedding" -> of(Task.EMBEDDING);
            case "classification" -> of(Task.LANGUAGE_IDENTIFICATION);
            case "stream" -> snippets(Task.COMPLETION).stream();
            case "retry" -> List.of(new Snippet("sh", snippets(Task.COMPLETION).curlWithIdempotencyKey()));
            case "receipt" -> List.of(new Snippet("sh", "curl -H \"Authorization: Bearer $FARTHING_API_KEY\" \\\n  "
                    + site.publicUrl() + "/v1/receipts/$RECEIPT"));
            default -> throw new IllegalStateException("there is no snippet '" + name + "'");
        };
    }

    private List<Snippet> of(Task task) {
        return snippets(task).of(task);
    }

    private Snippets snippets(Task task) {
        return new Snippets(site.publicUrl().toString(), firstWith(task));
    }

    private String firstWith(Task task) {
        return search.popular(task).map(Object::toString).orElse(NO_MODEL);
    }
}
