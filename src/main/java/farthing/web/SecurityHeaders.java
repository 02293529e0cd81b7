package farthing.web;

import java.net.URI;
import java.util.Optional;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import org.eclipse.microprofile.config.inject.ConfigProperty;

import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;

/** On every answer, assets and errors included. */
@Singleton
class SecurityHeaders {

    // Wallets announce their icons as data: addresses (EIP-6963).
    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self';"
            + " img-src 'self' data:; connect-src 'self'%s; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    private static final int EARLY = 1000;

    private final Site site;
    private final CharSequence policy;

    /** @param node the chain's, which pages ask and send to when a wallet has none of its own */
    SecurityHeaders(Site site, @ConfigProperty(name = "farthing.chain.public-rpc-url") Optional<URI> node) {
        this.site = site;
        this.policy = HttpHeaders.createOptimized(
                POLICY.formatted(node.map(its -> " " + its.getScheme() + "://" + its.getAuthority()).orElse("")));
    }

    private static final CharSequence CONTENT_SECURITY_POLICY = HttpHeaders.createOptimized("Content-Security-Policy");
    private static final CharSequence CONTENT_TYPE_OPTIONS = HttpHeaders.createOptimized("X-Content-Type-Options");
    private static final CharSequence NOSNIFF = HttpHeaders.createOptimized("nosniff");
    private static final CharSequence REFERRER_POLICY = HttpHeaders.createOptimized("Referrer-Policy");
    private static final CharSequence OPENER_POLICY = HttpHeaders.createOptimized("Cross-Origin-Opener-Policy");
    private static final CharSequence SAME_ORIGIN = HttpHeaders.createOptimized("same-origin");

    void register(@Observes Filters filters) {
        filters.register(context -> {
            MultiMap headers = context.response().headers();
            headers.set(CONTENT_SECURITY_POLICY, policy);
            headers.set(CONTENT_TYPE_OPTIONS, NOSNIFF);
            headers.set(REFERRER_POLICY, SAME_ORIGIN);
            headers.set(OPENER_POLICY, SAME_ORIGIN);
            if (site.https()) {
                headers.set("Strict-Transport-Security", "max-age=31536000");
            }
            if (context.normalizedPath().startsWith("/assets/")) {
                context.addHeadersEndHandler(end -> keepForLong(context.response()));
            }
            context.next();
        }, EARLY);
    }

    /** An asset's address changes with its content; that there is none at an address may change at any time. */
    private static void keepForLong(HttpServerResponse response) {
        if (response.getStatusCode() < 400) {
            response.headers().set("Cache-Control", "public, max-age=31536000, immutable");
        }
    }
}
