package farthing.web;

import java.util.Optional;

import jakarta.enterprise.context.RequestScoped;
import jakarta.enterprise.inject.Instance;

import org.jspecify.annotations.Nullable;

import io.vertx.core.http.Cookie;
import io.vertx.core.http.CookieSameSite;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.RoutingContext;

/** The browser of the current request: who is signed in with it, and the token its forms must bring back. */
@RequestScoped
public class Visit {

    private static final String SESSION = "farthing_session";
    private static final String ANONYMOUS = "farthing_visit";

    private final RoutingContext request;
    private final Site site;
    private final Tokens tokens;
    private final Sessions sessions;
    private final Instance<Viewers> viewers;

    private @Nullable Optional<Viewer> viewer;
    private @Nullable String freshVisit;

    Visit(RoutingContext request, Site site, Tokens tokens, Sessions sessions, Instance<Viewers> viewers) {
        this.request = request;
        this.site = site;
        this.tokens = tokens;
        this.sessions = sessions;
        this.viewers = viewers;
    }

    public Optional<Viewer> viewer() {
        if (viewer == null) {
            viewer = cookie(SESSION).flatMap(sessions::accountOf).flatMap(account -> viewers.get().find(account));
        }
        return viewer;
    }

    /** @throws SignInFirst when nobody is signed in; a browser is then led to /sign-in and back */
    public Viewer signedIn() {
        return viewer().orElseThrow(() -> new SignInFirst(request.request().uri()));
    }

    /** What stands behind {@code Authorization: Bearer}. */
    public Optional<String> bearerToken() {
        return Optional.ofNullable(request.request().getHeader("Authorization")).flatMap(Visit::bearerToken);
    }

    static Optional<String> bearerToken(String authorization) {
        return Optional.of(authorization.strip()).filter(header -> header.regionMatches(true, 0, "Bearer ", 0, 7))
                .map(header -> header.substring(7).strip());
    }

    /** Who is signed in, as long as the request only reads or brings the token of a page of ours in its header. */
    public Optional<Viewer> viewerOfScript() {
        HttpMethod method = request.request().method();
        boolean reads = method.equals(HttpMethod.GET) || method.equals(HttpMethod.HEAD) || method.equals(HttpMethod.OPTIONS);
        String token = request.request().getHeader(CsrfFilter.HEADER);
        return reads || token != null && brought(token) ? viewer() : Optional.empty();
    }

    /** Begins a session for an account whose owner has just proved to be it. An earlier session of this browser ends. */
    public void signIn(long account) {
        cookie(SESSION).ifPresent(sessions::end);
        String token = tokens.fresh();
        sessions.start(token, account);
        setCookie(SESSION, token, Sessions.LIFETIME.toSeconds());
        viewer = null;
    }

    public void signOut() {
        cookie(SESSION).ifPresent(sessions::end);
        setCookie(SESSION, "", 0);
        viewer = Optional.empty();
    }

    /**
     * Tells the session of this browser from every other, and is no secret: what is begun in a session can be bound to it.
     *
     * @throws SignInFirst when nobody is signed in
     */
    public String sessionMark() {
        signedIn();
        return tokens.sign("mark of session", cookie(SESSION).orElseThrow()).substring(0, 22);
    }

    /** Begins the session of this browser anew; every other one of the account ends. */
    public void endOtherSessions() {
        long account = signedIn().account();
        sessions.endAll(account);
        signIn(account);
    }

    /** For the field {@code _csrf} of every form. */
    public String csrf() {
        return cookie(SESSION).map(token -> tokens.sign("csrf of session", token))
                .orElseGet(() -> tokens.sign("csrf of visit", visit()));
    }

    boolean brought(String csrf) {
        Optional<String> session = cookie(SESSION);
        if (session.filter(token -> tokens.signed("csrf of session", token, csrf)).isPresent()) {
            return true;
        }
        // What is done in a session takes its own token: a neighbouring domain could plant a visit that it made here, and knows
        // its token. Signing in anew, from a page that is older than the session, takes nothing of it.
        boolean ofVisit = session.isEmpty() || path().startsWith("/sign-in/");
        return ofVisit && knownVisit().filter(visit -> tokens.signed("csrf of visit", visit, csrf)).isPresent();
    }

    String path() {
        return request.normalizedPath();
    }

    private String visit() {
        return knownVisit().orElseGet(() -> {
            if (freshVisit == null) {
                freshVisit = tokens.fresh();
                setCookie(ANONYMOUS, freshVisit + "." + tokens.sign("visit", freshVisit), Sessions.LIFETIME.toSeconds());
            }
            return freshVisit;
        });
    }

    /** Only a cookie that this site has signed counts, so that a neighbouring domain cannot plant one of its own making. */
    private Optional<String> knownVisit() {
        return cookie(ANONYMOUS).map(value -> value.split("\\.", 2))
                .filter(parts -> parts.length == 2 && tokens.signed("visit", parts[0], parts[1])).map(parts -> parts[0]);
    }

    private Optional<String> cookie(String name) {
        return Optional.ofNullable(request.request().getCookie(name)).map(Cookie::getValue).filter(value -> !value.isEmpty());
    }

    private void setCookie(String name, String value, long seconds) {
        request.response().addCookie(Cookie.cookie(name, value).setPath("/").setHttpOnly(true).setSameSite(CookieSameSite.LAX)
                .setSecure(site.https()).setMaxAge(seconds));
    }
}
