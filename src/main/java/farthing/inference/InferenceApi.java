package farthing.inference;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

import farthing.engine.CallerLeft;
import farthing.identity.ApiKeys;
import farthing.identity.Caller;
import farthing.metering.Claim;
import farthing.metering.KeyRates;
import farthing.metering.Metering;
import farthing.metering.Passage;
import farthing.web.OpenAiError;
import farthing.web.Problem;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;

/**
 * {@code POST /v1/completions}, {@code /v1/chat/completions}, {@code /v1/embeddings}, {@code /v1/classify}. These
 * are Vert.x routes and not JAX-RS resources, because a stream must write its own frames, notice a client that
 * leaves, and hold back its end until the charge is durable (docs/adr/0001).
 */
@Singleton
class InferenceApi {

    private static final Logger LOG = Logger.getLogger(InferenceApi.class);
    private static final long LARGEST_BODY = 4L << 20;
    private static final int LONGEST_KEY = 255;
    /** For the calls that are left at the end of a stop: to end, to be told so, and to be seen off. */
    private static final Duration TO_BREAK_OFF = Duration.ofSeconds(2);
    /** After the filters for headers and limits, whose order is the negative of their priority. */
    private static final int BEFORE_LOGINS = -250;

    private final ApiKeys apiKeys;
    private final Metering metering;
    private final Admission admission;
    private final KeyRates rates;
    private final Generations generations;
    private final Texts texts;
    private final Json json;
    private final Vertx vertx;
    private final Duration grace;
    private final ExecutorService calls = Executors.newVirtualThreadPerTaskExecutor();
    private final Set<Exchange> underWay = ConcurrentHashMap.newKeySet();
    private volatile boolean stopping;

    /** @param patience how long a stop waits before the server closes what connections are open */
    InferenceApi(ApiKeys apiKeys, Metering metering, KeyRates rates, Admission admission, Generations generations, Texts texts,
            Json json, Vertx vertx, @ConfigProperty(name = "quarkus.shutdown.timeout") Duration patience) {
        this.apiKeys = apiKeys;
        this.metering = metering;
        this.rates = rates;
        this.admission = admission;
        this.generations = generations;
        this.texts = texts;
        this.json = json;
        this.vertx = vertx;
        this.grace = patience.minus(TO_BREAK_OFF);
    }

    private interface Endpoint {
        void answer(Exchange exchange, Caller caller, Passage passage, Claim.@Nullable Fresh claim);
    }

    void routes(@Observes Router router) {
        route(router, "/v1/completions",
                (e, caller, passage, claim) -> generations.answer(e, caller, passage, TextShape.COMPLETION, claim));
        route(router, "/v1/chat/completions",
                (e, caller, passage, claim) -> generations.answer(e, caller, passage, TextShape.CHAT, claim));
        route(router, "/v1/embeddings", texts::embed);
        route(router, "/v1/classify", texts::classify);
    }

    private void route(Router router, String path, Endpoint endpoint) {
        // Before the framework's own handlers, which look for a login and for a resource, and find neither here.
        router.post(path).order(BEFORE_LOGINS).handler(BodyHandler.create(false).setBodyLimit(LARGEST_BODY))
                .handler(context -> {
                    Exchange exchange = new Exchange(context);
                    calls.execute(() -> answer(exchange, endpoint));
                }).failureHandler(this::refuse);
    }

    /**
     * Calls have their time to end, then we break them off. After it the server closes their connections, which would look like
     * clients that left, and those pay.
     */
    void stop(@Observes ShutdownDelayInitiatedEvent event) {
        vertx.setTimer(Math.max(1, grace.toMillis()), _ -> {
            stopping = true;
            if (!underWay.isEmpty()) {
                LOG.infof("%d calls outlast the stop; they are broken off and free", underWay.size());
            }
            underWay.forEach(Exchange::cut);
        });
    }

    private void answer(Exchange exchange, Endpoint endpoint) {
        underWay.add(exchange);
        try {
            if (stopping) {
                // It came too late to be among those that were broken off.
                throw new ServerStopping();
            }
            Caller caller = apiKeys.authenticate(exchange.header("Authorization"));
            exchange.isFor(caller.key());
            try (Passage passage = rates.of(caller, exchange::header)) {
                passage.request();
                String idempotencyKey = exchange.header("Idempotency-Key");
                if (idempotencyKey == null) {
                    endpoint.answer(exchange, caller, passage, null);
                } else {
                    answerOnce(exchange, caller, passage, idempotencyKey, endpoint);
                }
            }
        } catch (Problem problem) {
            fail(exchange, problem);
        } catch (Exchange.ClientLeft | CallerLeft left) {
            // Charged or not was decided before. Whoever was cut off in a queue is still there to be told.
            if (exchange.isCut()) {
                fail(exchange, new ServerStopping());
            }
        } catch (RuntimeException | Error e) {
            if (DatabaseAway.causes(e)) {
                LOG.warnf("no answer at %s: %s", exchange.path(), e.getMessage());
                fail(exchange, new DatabaseAway());
                return;
            }
            String id = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt());
            LOG.errorf(e, "error %s at %s", id, exchange.path());
            fail(exchange, new Unexpected(id));
        } finally {
            underWay.remove(exchange);
        }
    }

    private void answerOnce(Exchange exchange, Caller caller, Passage passage, String key, Endpoint endpoint) {
        if (key.isBlank() || key.length() > LONGEST_KEY) {
            throw InvalidRequest.outOfRange("Idempotency-Key", "a header of 1 to " + LONGEST_KEY + " characters");
        }
        switch (admission.claim(exchange.who(), () -> metering.claim(caller, key, request(exchange)))) {
            case Claim.Answered(var charged, var contentType, var answer) -> {
                exchange.header("Idempotent-Replayed", "true");
                exchange.send(200, contentType, answer, charged);
            }
            case Claim.Fresh fresh -> {
                try (fresh) {
                    endpoint.answer(exchange, caller, passage, fresh);
                }
            }
        }
    }

    /** The same body at another address is another request. */
    private static byte[] request(Exchange exchange) {
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        request.writeBytes((exchange.path() + "\n").getBytes(StandardCharsets.UTF_8));
        request.writeBytes(exchange.body());
        return request.toByteArray();
    }

    private void fail(Exchange exchange, Problem problem) {
        if (exchange.hasBegun()) {
            // The status is sent; an error event without [DONE] is how OpenAI's clients learn that a stream broke.
            exchange.end(Exchange.event(json.text(OpenAiError.of(problem))));
            return;
        }
        problem.retryAfter().ifPresent(after -> exchange.header("Retry-After", Long.toString(Math.max(1, after.toSeconds()))));
        if (problem.status() == 401) {
            exchange.header("WWW-Authenticate", "Bearer");
        }
        exchange.send(problem.status(), Exchange.JSON, json.bytes(OpenAiError.of(problem)), null);
    }

    private void refuse(RoutingContext context) {
        int status = context.statusCode() > 0 ? context.statusCode() : 500;
        Problem problem = status == 413 ? new BodyTooLarge(LARGEST_BODY) : new Unexpected("at " + context.request().path());
        fail(new Exchange(context), problem);
    }

    private static class Unexpected extends Problem {
        Unexpected(String id) {
            super(500, "internal_error",
                    "Something failed on our side and was logged as " + id + "; this call was not charged.");
        }
    }

    private static class BodyTooLarge extends Problem {
        BodyTooLarge(long most) {
            super(413, "body_too_large", "A request body may have at most " + (most >> 20) + " MiB.");
        }
    }
}
