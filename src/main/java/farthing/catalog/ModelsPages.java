package farthing.catalog;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.Stream;

import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.core.UriInfo;

import org.jboss.resteasy.reactive.RestQuery;
import org.jspecify.annotations.Nullable;

import farthing.catalog.Search.Found;
import farthing.catalog.Search.Order;
import farthing.catalog.Search.Wanted;
import farthing.identity.SignedIn;
import farthing.web.Pager;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;
import io.vertx.core.http.HttpServerResponse;

/** The list of models; everything chosen on it stands in its address. */
@Path("/models")
@Blocking
class ModelsPages {

    /** So many values of a facet stand open; the others unfold. */
    private static final int OPEN = 8;

    record Choice(String value, String label, boolean selected) {
    }

    record FacetView(String name, String label, List<FacetOption> options, List<FacetOption> more, boolean unfolded) {
    }

    record FacetOption(String id, String value, long count, boolean checked) {
    }

    /** What finds models again where nothing was found. */
    record Loosened(String without, String href, long count) {
    }

    record ModelsView(String q, @Nullable String spelt, List<Choice> sorts, List<FacetView> facets, long total,
            boolean filtered,
            List<ModelCard> models,
            Pager pager, List<Loosened> loosened, List<String> compared, List<String> comparedElsewhere, boolean full,
            String compareHref, String clearHref) {
    }

    @CheckedTemplate(basePath = "catalog")
    static class Templates {

        private Templates() {
        }

        static native TemplateInstance models(ModelsView page);
    }

    private final Search search;
    private final SignedIn signedIn;

    ModelsPages(Search search, SignedIn signedIn) {
        this.search = search;
        this.signedIn = signedIn;
    }

    @GET
    @Produces(MediaType.TEXT_HTML)
    public TemplateInstance models(@RestQuery @DefaultValue("") String q, @RestQuery @DefaultValue("") String sort,
            @RestQuery @DefaultValue("") String page, @RestQuery List<String> m, UriInfo uri,
            @Context HttpServerResponse response) {
        Wanted wanted = new Wanted(q, chosen(uri.getQueryParameters()), order(sort, q), pageNumber(page), signedIn.ifAny());
        List<String> compared = ComparePages.named(m).stream().map(ModelId::toString).toList();
        Found found = search.find(wanted);
        // For the script that replaces the results while somebody types: the address to share is this one.
        response.putHeader("HX-Push-Url", href(wanted, compared, found.page()));
        List<String> shown = found.models().stream().map(ModelCard::name).toList();
        return Templates.models(new ModelsView(wanted.text(), found.text().equals(wanted.text()) ? null : found.text(),
                sorts(wanted), facets(wanted, found), found.total(),
                !wanted.text().isEmpty() || !wanted.chosen().isEmpty(), found.models(),
                pager(found, number -> href(wanted, compared, number)),
                found.total() == 0 ? loosened(wanted, compared, found) : List.of(), compared,
                compared.stream().filter(model -> !shown.contains(model)).toList(), compared.size() >= ComparePages.MOST,
                ComparePages.href(compared), href(new Wanted("", Map.of(), usual(""), 1, wanted.viewer()), compared, 1)));
    }

    private static Pager pager(Found found, IntFunction<String> href) {
        Pager pager = Pager.of(found.page(), Search.PAGE, found.total(), href);
        return found.page() < Search.MOST_PAGES ? pager
                : new Pager(pager.from(), pager.to(), pager.total(), pager.previousHref(), null);
    }

    private static Map<Facet, Set<String>> chosen(MultivaluedMap<String, String> parameters) {
        Map<Facet, Set<String>> chosen = new EnumMap<>(Facet.class);
        for (Facet facet : Facet.values()) {
            List<String> values = parameters.getOrDefault(facet.parameter(), List.of()).stream()
                    .filter(value -> !value.isBlank() && value.length() <= 100
                            && value.chars().noneMatch(Character::isISOControl))
                    .limit(20).toList();
            if (!values.isEmpty()) {
                chosen.put(facet, new LinkedHashSet<>(values));
            }
        }
        return chosen;
    }

    private static List<Choice> sorts(Wanted wanted) {
        return Stream.of(Order.values()).filter(order -> order != Order.BEST || !wanted.text().isEmpty())

                // What is usual has no name, so that it can change with the text while somebody types.
                .map(order -> new Choice(order == usual(wanted.text()) ? "" : order.parameter(), order.label,
                        order == wanted.order()))
                .toList();
    }

    /** Anything unknown is as good as nothing: an old or mistyped address still shows models. */
    private static Order order(String sort, String q) {
        return Stream.of(Order.values()).filter(order -> order.parameter().equals(sort))
                .filter(order -> order != Order.BEST || !q.isBlank()).findFirst().orElse(usual(q));
    }

    private static Order usual(String q) {
        return q.isBlank() ? Order.POPULAR : Order.BEST;
    }

    private static int pageNumber(String page) {
        return page.matches("[0-9]{1,6}") ? Integer.parseInt(page) : 1;
    }

    private static List<FacetView> facets(Wanted wanted, Found found) {
        List<FacetView> facets = new ArrayList<>();
        found.counts().forEach((facet, counts) -> {
            List<FacetOption> options = new ArrayList<>();
            counts.forEach((value, count) -> options.add(new FacetOption(facet.parameter() + "-" + encoded(value), value, count,
                    wanted.chosen(facet).contains(value))));
            List<FacetOption> more = options.subList(Math.min(OPEN, options.size()), options.size());
            facets.add(new FacetView(facet.parameter(), facet.label, options.subList(0, options.size() - more.size()), more,
                    more.stream().anyMatch(FacetOption::checked)));
        });
        return facets;
    }

    private List<Loosened> loosened(Wanted wanted, List<String> compared, Found found) {
        List<Loosened> loosened = new ArrayList<>();
        if (!wanted.text().isEmpty() && !wanted.chosen().isEmpty()) {
            Wanted other = new Wanted("", wanted.chosen(), usual(""), 1, wanted.viewer());
            add(loosened, "“" + wanted.text() + "”", href(other, compared, 1), search.find(other).total());
        }
        wanted.chosen().forEach((facet, values) -> {
            Map<Facet, Set<String>> others = new EnumMap<>(wanted.chosen());
            others.remove(facet);
            add(loosened, facet.label + ": " + String.join(" or ", values),
                    href(new Wanted(wanted.text(), others, wanted.order(), 1, wanted.viewer()), compared, 1),
                    found.counts(facet).values().stream().mapToLong(Long::longValue).sum());
        });
        return loosened;
    }

    private static void add(List<Loosened> loosened, String without, String href, long count) {
        if (count > 0) {
            loosened.add(new Loosened(without, href, count));
        }
    }

    private static String href(Wanted wanted, List<String> compared, int page) {
        List<String> parameters = new ArrayList<>();
        if (!wanted.text().isEmpty()) {
            parameters.add("q=" + encoded(wanted.text()));
        }
        if (wanted.order() != usual(wanted.text())) {
            parameters.add("sort=" + wanted.order().parameter());
        }
        wanted.chosen().forEach((facet, values) -> values.forEach(value -> parameters
                .add(facet.parameter() + "=" + encoded(value))));
        compared.forEach(model -> parameters.add("m=" + model));
        if (page > 1) {
            parameters.add("page=" + page);
        }
        return parameters.isEmpty() ? "/models" : "/models?" + String.join("&", parameters);
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
