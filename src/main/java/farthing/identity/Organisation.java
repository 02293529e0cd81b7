package farthing.identity;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;

import jakarta.enterprise.context.ApplicationScoped;

import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.web.Site;
import io.quarkus.oidc.OidcRequestContext;
import io.quarkus.oidc.OidcTenantConfig;
import io.quarkus.oidc.OidcTenantConfigBuilder;
import io.quarkus.oidc.TenantConfigResolver;
import io.quarkus.oidc.runtime.OidcTenantConfig.ApplicationType;
import io.quarkus.oidc.runtime.OidcTenantConfig.Roles.Source;
import io.smallrye.mutiny.Uni;
import io.vertx.ext.web.RoutingContext;

/** The provider of the organisation's logins, and how Quarkus is to talk to it. */
@ApplicationScoped
class Organisation implements TenantConfigResolver {

    /** Where the provider sends the browser back to, for signing in and for linking. */
    static final String SIGN_IN = "/sign-in/organisation";
    static final String LINK = "/account/link-organisation";

    private static final String REALMS = "/realms/";
    private static final Set<String> BROWSER_PATHS = Set.of(SIGN_IN, LINK);
    /** Beside {@code /api}: what a button of a page and a program both take away. */
    private static final Set<String> BEARER_PATHS = Set.of("/usage/calls.csv", "/usage/calls.ndjson");
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    private final OrganisationConfig config;
    private final Site site;
    private final ObjectMapper json;
    private final @Nullable OidcTenantConfig browsers;
    private final @Nullable OidcTenantConfig bearers;
    private final HttpClient http = HttpClient.newBuilder().connectTimeout(PATIENCE).build();

    Organisation(OrganisationConfig config, Site site, ObjectMapper json) {
        this.config = config;
        this.json = json;
        this.site = site;
        this.browsers = config.url().isPresent() ? browsers() : null;
        this.bearers = config.url().isPresent() ? bearers() : null;
    }

    boolean offered() {
        return config.url().isPresent();
    }

    String label() {
        return config.label();
    }

    String clientId() {
        return config.clientId();
    }

    /** Whether it is a Keycloak whose users our client may manage. */
    boolean administered() {
        return offered() && config.admin();
    }

    String server() {
        return issuer().substring(0, issuer().indexOf(REALMS));
    }

    String realm() {
        return issuer().substring(issuer().indexOf(REALMS) + REALMS.length());
    }

    private String issuer() {
        return config.url().orElseThrow(OrganisationRefused.NotOffered::new).toString();
    }

    /** Only these addresses: calls bring keys of ours as bearer tokens, and pages sessions of ours. */
    @Override
    public @Nullable Uni<OidcTenantConfig> resolve(RoutingContext request, OidcRequestContext<OidcTenantConfig> context) {
        String path = request.normalizedPath();
        OidcTenantConfig tenant = BROWSER_PATHS.contains(path) ? browsers
                : path.startsWith("/api/") || BEARER_PATHS.contains(path) ? bearers : null;
        return tenant == null ? null : Uni.createFrom().item(tenant);
    }

    /** @throws OrganisationRefused when there is none, or it does not answer: better here than in the browser's address bar */
    void requireThere() {
        metadata();
    }

    /** The provider's page that asks whether to sign out there and leads back here. @throws OrganisationRefused as above */
    URI signOutPage() {
        return URI.create(metadata().path("end_session_endpoint").asText() + "?client_id=" + encoded(config.clientId())
                + "&post_logout_redirect_uri=" + encoded(site.publicUrl() + "/"));
    }

    OrganisationRefused away() {
        return new OrganisationRefused.Away(label());
    }

    OrganisationRefused notCompleted() {
        return offered() ? new OrganisationRefused.NotCompleted(label()) : new OrganisationRefused.NotOffered();
    }

    private JsonNode metadata() {
        HttpRequest request = HttpRequest.newBuilder(URI.create(issuer() + "/.well-known/openid-configuration"))
                .timeout(PATIENCE).build();
        try {
            HttpResponse<byte[]> answer = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
            if (answer.statusCode() != 200) {
                throw away();
            }
            return json.readTree(answer.body());
        } catch (IOException e) {
            throw away();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw away();
        }
    }

    static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private OidcTenantConfig browsers() {
        boolean https = site.publicUrl().getScheme().equals("https");
        return tenant("organisation").applicationType(ApplicationType.WEB_APP)
                // Keycloak puts roles into the access token, and into the other only when it is told to.
                .roles(Source.accesstoken).authentication().redirectPath(site.publicUrl() + SIGN_IN).restorePathAfterRedirect()
                .pkceRequired().nonceRequired().forceRedirectHttpsScheme(https).cookieForceSecure(https)
                .errorPath(SIGN_IN + "/refused").end().build();
    }

    private OidcTenantConfig bearers() {
        return tenant("organisation-api").applicationType(ApplicationType.SERVICE)
                // An identity token names this client as its audience, too, but is no permission to do anything.
                .token().audience(config.clientId()).tokenType("Bearer").subjectRequired().allowOpaqueTokenIntrospection(false)
                .allowJwtIntrospection(false).end().build();
    }

    private OidcTenantConfigBuilder tenant(String id) {
        return OidcTenantConfig.builder().tenantId(id).authServerUrl(issuer())
                .clientId(config.clientId()).credentials(config.clientSecret().orElseThrow()).connectionTimeout(PATIENCE);
    }
}
