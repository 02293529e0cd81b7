package farthing.inference;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;
import static org.hamcrest.Matchers.startsWith;

import java.sql.SQLException;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import jakarta.inject.Inject;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import farthing.TestDatabase;
import farthing.identity.AllowedModels;
import farthing.identity.ApiKeys;
import farthing.identity.Caller;
import farthing.identity.KeyLimits;
import farthing.identity.MaxPrice;
import farthing.identity.NewApiKey;
import farthing.identity.PersonalTokens;
import farthing.identity.RateLimits;
import farthing.identity.Scope;
import farthing.ledger.LineId;
import farthing.metering.KeyRates;
import farthing.metering.Passage;
import farthing.money.Amount;
import farthing.web.Problem;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.handler.BodyHandler;

/** What a key's own limits refuse, over HTTP: in OpenAI's shape, saying what to do, and free. */
@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class KeyLimitsCallTest {

    private static final String GOOD = """
            {"model": "wren/kjv", "prompt": "In the beginning", "max_tokens": 3}""";
    private static final String CLASSIFY = """
            {"model": "wren/langdetect", "input": "Wo ist der Bahnhof?"}""";

    @Inject
    Payer payer;
    @Inject
    PersonalTokens tokens;
    @Inject
    ApiKeys apiKeys;
    @Inject
    KeyRates rates;
    @Inject
    Generations generations;

    @Test
    void aModelThatTheKeyIsNotFor() throws SQLException {
        LineId line = payer.line(Amount.ofTokens(1));
        String secret = secret(line, KeyLimits.NONE.with(new AllowedModels(List.of("wren/langdetect", "robin/*"))));
        call(secret, "/v1/completions", GOOD).statusCode(403).body("error.code", equalTo("model_not_allowed"))
                .body("error.param", equalTo("model")).body("error.type", equalTo("permission_error"))
                .body("error.message", allOf(containsString("wren/langdetect, robin/*"), containsString("not wren/kjv"),
                        containsString("/keys")));
        call(secret, "/v1/embeddings", "{\"model\": \"wren/minilm-l6-v2\", \"input\": \"a coin\"}").statusCode(403);
        assertThat(payer.left(line)).isEqualTo(Amount.ofTokens(1));
        call(secret, "/v1/classify", CLASSIFY).statusCode(200);
        call(secret(line, KeyLimits.NONE.with(new AllowedModels(List.of("wren/*")))), "/v1/completions", GOOD).statusCode(200);
    }

    @Test
    void theListOfModelsShowsOnlyWhatTheKeyIsFor() throws SQLException {
        LineId line = payer.line(Amount.ofTokens(1));
        String everything = secret(line, KeyLimits.NONE);
        String two = secret(line, KeyLimits.NONE.with(new AllowedModels(List.of("wren/kjv", "wren/langdetect", "wren/none"))));
        listed(everything).body("data.id", hasItems("wren/kjv", "wren/langdetect", "wren/minilm-l6-v2"));
        listed(two).body("data.id", contains("wren/kjv", "wren/langdetect"));
        listed(secret(line, KeyLimits.NONE.with(new AllowedModels(List.of("wre/*", "robin/kjv"))))).body("data", empty());
        listed(secret(line, KeyLimits.NONE.with(new AllowedModels(List.of("robin/kjv", "wren/*")))))
                .body("data.id", hasItem("wren/minilm-l6-v2")).body("data.id", everyItem(startsWith("wren/")));
        given().header("Authorization", "Bearer " + two).get("/v1/models?after=wren/kjv").then()
                .body("data.id", contains("wren/langdetect"));
    }

    private static ValidatableResponse listed(String secret) {
        return given().header("Authorization", "Bearer " + secret).get("/v1/models").then().statusCode(200);
    }

    @Test
    void anOfferThatIsDearerThanTheKeyAccepts() throws SQLException {
        LineId line = payer.line(Amount.ofTokens(1));
        // 100 nanos a token of input, 400 of output.
        MaxPrice enough = new MaxPrice(Amount.ofNanos(100_000_000), Amount.ofNanos(400_000_000), null, null);
        call(secret(line, KeyLimits.NONE.with(enough)), "/v1/completions", GOOD).statusCode(200);
        Amount left = payer.left(line);
        MaxPrice tooLittle = new MaxPrice(Amount.ofNanos(100_000_000), Amount.ofNanos(399_999_999), Amount.ofNanos(1), null);
        call(secret(line, KeyLimits.NONE.with(tooLittle)), "/v1/completions", GOOD).statusCode(402)
                .header("Farthing-Receipt", nullValue()).body("error.code", equalTo("price_above_limit"))
                .body("error.message",
                        allOf(containsString("wren/kjv@1"), containsString("$0.40 for a million tokens of output"),
                                containsString("at most"), containsString("/keys")));
        assertThat(payer.left(line)).isEqualTo(left);
    }

    @Test
    void moreRequestsThanAMinuteHas() throws SQLException {
        LineId line = payer.line(Amount.ofTokens(1));
        // Loads the model first: every half minute another request is allowed.
        call(secret(line, KeyLimits.NONE), "/v1/classify", CLASSIFY).statusCode(200);
        String secret = secret(line, KeyLimits.NONE.with(new RateLimits(2, null, null)));
        call(secret, "/v1/classify", CLASSIFY).statusCode(200).header("x-ratelimit-limit-requests", "2")
                .header("x-ratelimit-remaining-requests", "1").header("x-ratelimit-reset-requests", matchesPattern("\\d+s"));
        // What is refused for another reason counts, too.
        call(secret, "/v1/classify", "{").statusCode(400).header("x-ratelimit-remaining-requests", "0");
        call(secret, "/v1/classify", CLASSIFY).statusCode(429).header("Retry-After", matchesPattern("[1-9]\\d?"))
                .header("x-ratelimit-remaining-requests", "0").header("Farthing-Receipt", nullValue())
                .body("error.code", equalTo("rate_limit_exceeded")).body("error.type", equalTo("rate_limit_error"))
                .body("error.message", containsString("2 requests a minute"));
    }

    @Test
    void moreTokensThanAMinuteHas() throws SQLException {
        String secret = secret(payer.line(Amount.ofTokens(1)), KeyLimits.NONE.with(new RateLimits(null, 40, null)));
        call(secret, "/v1/completions", GOOD.replace("3}", "100}")).statusCode(429)
                .body("error.message", containsString("in a whole minute"));
        int used = call(secret, "/v1/completions", GOOD.replace("3}", "20}")).statusCode(200)
                .header("x-ratelimit-limit-tokens", "40").header("x-ratelimit-remaining-tokens", "12").extract()
                .path("usage.total_tokens");
        call(secret, "/v1/completions", GOOD.replace("3}", "30}")).statusCode(429).header("Retry-After", notNullValue())
                .body("error.code", equalTo("rate_limit_exceeded")).body("error.message", containsString("38 tokens"));
        assertThat(used).isLessThanOrEqualTo(28);
        call(secret, "/v1/completions", GOOD).statusCode(200);
    }

    @Test
    void aStreamIsCountedUntilItEnds() throws SQLException {
        String secret = secret(payer.line(Amount.ofTokens(1)), KeyLimits.NONE.with(new RateLimits(null, 10_000, 1)));
        String stream = GOOD.replace("3}", "3, \"stream\": true}");
        for (int i = 0; i < 3; i++) {
            call(secret, "/v1/completions", stream).statusCode(200).header("x-ratelimit-limit-tokens", "10000")
                    .body(containsString("[DONE]"));
        }
        call(secret, "/v1/completions", stream.replace("wren/kjv", "wren/no-such")).statusCode(404);
        call(secret, "/v1/completions", stream).statusCode(200);
    }

    @Test
    void theNextStreamMayBeginAsSoonAsTheEndOfOneIsSeen() throws Exception {
        String secret = secret(payer.line(Amount.ofTokens(1)), KeyLimits.NONE.with(new RateLimits(null, null, 1)));
        String stream = GOOD.replace("3}", "3, \"stream\": true}");
        Caller caller = apiKeys.authenticate("Bearer " + secret);
        var next = new CompletableFuture<Void>();
        var closed = new CompletableFuture<Void>();
        // Like the server's own, except that a call is not closed before the next was answered.
        Vertx vertx = Vertx.vertx();
        Router router = Router.router(vertx);
        router.post().handler(BodyHandler.create(false)).handler(context -> {
            Exchange exchange = new Exchange(context);
            Thread.startVirtualThread(() -> {
                try (Passage passage = rates.of(caller, exchange::header)) {
                    generations.answer(exchange, caller, passage, TextShape.COMPLETION, null);
                    next.join();
                } catch (RuntimeException e) {
                    context.fail(e);
                }
                closed.complete(null);
            });
        });
        try {
            HttpServer server = vertx.createHttpServer().requestHandler(router).listen(0, "localhost").toCompletionStage()
                    .toCompletableFuture().get(60, TimeUnit.SECONDS);
            call(secret, "http://localhost:" + server.actualPort() + "/", stream).statusCode(200)
                    .body(containsString("[DONE]"));
            call(secret, "/v1/completions", stream).statusCode(200).body(containsString("[DONE]"));
        } finally {
            next.complete(null);
            vertx.close();
        }
        closed.get(60, TimeUnit.SECONDS);
        // Given back twice, it would be there for two.
        try (Passage one = rates.of(caller, (_, _) -> {
        }); Passage other = rates.of(caller, (_, _) -> {
        })) {
            one.stream();
            assertThatThrownBy(other::stream).isInstanceOf(Problem.class).hasMessageContaining("1 stream open at once");
        }
    }

    @Test
    void aKeyWithoutLimitsIsToldOfNone() throws SQLException {
        call(payer.with(Amount.ofTokens(1)), "/v1/classify", CLASSIFY).statusCode(200)
                .header("x-ratelimit-limit-requests", nullValue()).header("x-ratelimit-limit-tokens", nullValue());
    }

    @Test
    void anAnswerKeptUnderTheSecretOfThenIsNamedByItsReceipt() throws SQLException {
        NewApiKey key = payer.key(payer.line(Amount.ofTokens(1)), KeyLimits.NONE);
        String receipt = repeated(key.secret()).statusCode(200).extract().header("Farthing-Receipt");
        String fresh = as(tokens.create(payer.account(), "rotating", EnumSet.of(Scope.MANAGE), null).secret())
                .post("/api/keys/" + key.id().value() + "/rotate").then().statusCode(200).extract().path("secret");
        repeated(key.secret()).statusCode(200).header("Farthing-Receipt", equalTo(receipt))
                .header("Idempotent-Replayed", equalTo("true"));
        repeated(fresh).statusCode(409).body("error.code", equalTo("answer_sealed"))
                .body("error.message", containsString(receipt));
        call(fresh, "/v1/classify", CLASSIFY).statusCode(200);
    }

    private static ValidatableResponse repeated(String secret) {
        return as(secret).header("Idempotency-Key", "rotated").body(CLASSIFY).post("/v1/classify").then();
    }

    private static RequestSpecification as(String secret) {
        return given().header("Authorization", "Bearer " + secret).contentType("application/json");
    }

    private String secret(LineId line, KeyLimits limits) {
        return payer.key(line, limits).secret();
    }

    private static ValidatableResponse call(String secret, String path, String body) {
        return as(secret).body(body).post(path).then();
    }
}
