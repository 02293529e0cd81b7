package farthing.catalog;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.core.UriInfo;

import org.jboss.resteasy.reactive.RestQuery;

import farthing.catalog.Search.Found;
import farthing.catalog.Search.Order;
import farthing.catalog.Search.Wanted;
import farthing.web.Pager;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;

/** The list of models; everything chosen on it stands in its address. */
@Path("/models")
@Blocking
class ModelsPages {

    record Choice(String value, String label, boolean selected) {
    }

    record FacetView(String name, String label, List<FacetOption> options) {
    }

    record FacetOption(String value, String label, long count, boolean checked) {
    }

    record ModelsView(String q, List<Choice> sorts, List<FacetView> facets, long total, boolean filtered,
            List<ModelCard> models,
            Pager pager) {
    }

    @CheckedTemplate(basePath = "catalog")
    static class Templates {

        private Templates() {
        }

        static native TemplateInstance models(ModelsView page);
    }

    private final Search search;

    ModelsPages(Search search) {
        this.search = search;
    }

    @GET
    @Produces(MediaType.TEXT_HTML)
    public TemplateInstance models(@RestQuery @DefaultValue("") String q, @RestQuery @DefaultValue("") String sort,
            @RestQuery @DefaultValue("") String page, UriInfo uri) {
        Map<Facet, Set<String>> chosen = chosen(uri.getQueryParameters());
        Wanted wanted = new Wanted(q, chosen, order(sort, q), pageNumber(page));
        Found found = search.find(wanted);
        List<Choice> sorts = Stream.of(Order.values()).filter(order -> order != Order.BEST || !wanted.text().isEmpty())
                .map(order -> new Choice(order.parameter(), order.label, order == wanted.order())).toList();
        return Templates.models(new ModelsView(wanted.text(), sorts, facets(wanted, found), found.total(),
                !wanted.text().isEmpty() || !chosen.isEmpty(), found.models(),
                Pager.of(found.page(), Search.PAGE, found.total(), number -> href(wanted, number))));
    }

    private static Map<Facet, Set<String>> chosen(MultivaluedMap<String, String> parameters) {
        Map<Facet, Set<String>> chosen = new EnumMap<>(Facet.class);
        for (Facet facet : Facet.values()) {
            List<String> values = parameters.getOrDefault(facet.parameter(), List.of()).stream()
                    .filter(value -> !value.isBlank() && value.chars().noneMatch(Character::isISOControl)).limit(20).toList();
            if (!values.isEmpty()) {
                chosen.put(facet, new LinkedHashSet<>(values));
            }
        }
        return chosen;
    }

    /** Anything unknown is as good as nothing: an old or mistyped address still shows models. */
    private static Order order(String sort, String q) {
        Order usual = q.isBlank() ? Order.NAME : Order.BEST;
        return Stream.of(Order.values()).filter(order -> order.parameter().equals(sort))
                .filter(order -> order != Order.BEST || !q.isBlank()).findFirst().orElse(usual);
    }

    private static int pageNumber(String page) {
        return page.matches("[0-9]{1,6}") ? Integer.parseInt(page) : 1;
    }

    private static List<FacetView> facets(Wanted wanted, Found found) {
        return found.counts().entrySet().stream().map(facet -> new FacetView(facet.getKey().parameter(), facet.getKey().label,
                facet.getValue().entrySet().stream().map(value -> new FacetOption(value.getKey(),
                        value.getKey(), value.getValue(),
                        wanted.chosen(facet.getKey()).contains(value.getKey()))).toList()))
                .toList();
    }

    private static String href(Wanted wanted, int page) {
        List<String> parameters = new ArrayList<>();
        if (!wanted.text().isEmpty()) {
            parameters.add("q=" + encoded(wanted.text()));
        }
        parameters.add("sort=" + wanted.order().parameter());
        wanted.chosen().forEach((facet, values) -> values.forEach(value -> parameters
                .add(facet.parameter() + "=" + encoded(value))));
        parameters.add("page=" + page);
        return "/models?" + String.join("&", parameters);
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
