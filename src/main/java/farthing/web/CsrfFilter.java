package farthing.web;

import java.util.Optional;

import org.jboss.resteasy.reactive.server.ServerRequestFilter;
import org.jboss.resteasy.reactive.server.WithFormRead;
import org.jboss.resteasy.reactive.server.core.ResteasyReactiveRequestContext;
import org.jboss.resteasy.reactive.server.spi.ResteasyReactiveContainerRequestContext;

/** Lets a page's form through only from a page of ours. Calls of programs carry a key instead of a cookie and need no token. */
class CsrfFilter {

    private static final String FIELD = "_csrf";
    static final String HEADER = "X-Csrf-Token";

    private final Visit visit;

    CsrfFilter(Visit visit) {
        this.visit = visit;
    }

    @ServerRequestFilter
    @WithFormRead
    public void check(ResteasyReactiveContainerRequestContext request) {
        boolean reads = switch (request.getMethod()) {
            case "GET", "HEAD", "OPTIONS" -> true;
            default -> false;
        };
        if (reads || Audience.ofPath(visit.path()) != Audience.BROWSER) {
            return;
        }
        String token = Optional.ofNullable(request.getHeaderString(HEADER)).orElseGet(() -> formField(request));
        if (!visit.brought(token)) {
            throw new ForgedForm();
        }
    }

    private static String formField(ResteasyReactiveContainerRequestContext request) {
        var context = (ResteasyReactiveRequestContext) request.getServerRequestContext();
        return context.getFormParameter(FIELD, true, false) instanceof String token ? token : "";
    }
}
