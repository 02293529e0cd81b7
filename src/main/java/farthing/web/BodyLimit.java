package farthing.web;

import java.util.List;
import java.util.Optional;

import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Singleton;

import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

import io.quarkus.runtime.configuration.MemorySize;
import io.quarkus.vertx.http.runtime.VertxHttpRecorder;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;

/**
 * Answers a body that is announced as too large. The framework would cut the connection while the client still sends, and the
 * client would never read why.
 */
@Singleton
class BodyLimit {

    private static final int BEFORE_THE_FRAMEWORKS_OWN = 900;
    private static final int AFTER_IT = 1;
    /** What is read and dropped for the sake of an answer; who announces more is cut off. */
    private static final long PATIENCE = 8;

    private final long limit;
    private final List<LongBody> longBodies;

    BodyLimit(@ConfigProperty(name = "quarkus.http.limits.max-body-size", defaultValue = "10M") MemorySize limit,
            Instance<LongBody> longBodies) {
        this.limit = limit.asLongValue();
        // Once: every request asks.
        this.longBodies = longBodies.stream().toList();
    }

    void register(@Observes Filters filters) {
        filters.register(context -> {
            if (longest(context) > 0) {
                // The framework has one limit for all addresses and compares it with this header.
                context.request().headers().remove(HttpHeaders.CONTENT_LENGTH);
                context.next();
                return;
            }
            long announced = length(context.request().getHeader(HttpHeaders.CONTENT_LENGTH));
            if (announced <= limit || announced / PATIENCE > limit) {
                context.next();
                return;
            }
            HttpServerRequest request = context.request();
            request.handler(dropped -> {
            });
            request.endHandler(end -> answer(context));
            request.resume();
        }, BEFORE_THE_FRAMEWORKS_OWN);
        filters.register(context -> {
            long longest = longest(context);
            if (longest > 0) {
                context.put(VertxHttpRecorder.MAX_REQUEST_SIZE_KEY, longest);
            }
            context.next();
        }, AFTER_IT);
    }

    /** Zero unless the body may be longer than others. */
    private long longest(RoutingContext context) {
        return longBodies.stream().filter(body -> body.isIn(context.request().method().name(), context.normalizedPath()))
                .mapToLong(LongBody::most).max().orElse(0);
    }

    private void answer(RoutingContext context) {
        Failure failure = Failure.of(413, "too_large", "The request has more than the " + limit
                + " bytes that this address takes; send less at once.", null);
        var response = context.response().setStatusCode(failure.status());
        // A page cannot be rendered outside a request of the framework; a sentence does.
        switch (Audience.of(context.normalizedPath(), header(context, HttpHeaders.ACCEPT),
                header(context, HttpHeaders.AUTHORIZATION))) {
            case BROWSER -> response.putHeader(HttpHeaders.CONTENT_TYPE, "text/plain;charset=UTF-8").end(failure.detail());
            case PROGRAM -> response.putHeader(HttpHeaders.CONTENT_TYPE, "application/problem+json")
                    .end(new JsonObject(Answers.json(failure)).encode());
            case OPENAI_CLIENT -> response.putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                    .end(new JsonObject(OpenAiError.of(failure)).encode());
        }
    }

    private static String header(RoutingContext context, CharSequence name) {
        return Optional.ofNullable(context.request().getHeader(name)).orElse("");
    }

    private static long length(@Nullable String header) {
        try {
            return header == null ? 0 : Long.parseLong(header);
        } catch (NumberFormatException e) {
            return 0;
        }
    }
}
