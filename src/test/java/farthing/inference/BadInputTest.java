package farthing.inference;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.nullValue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.stream.Stream;

import jakarta.inject.Inject;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import farthing.TestDatabase;
import farthing.blob.Blobs;
import farthing.catalog.Catalog;
import farthing.identity.ApiKeys;
import farthing.identity.KeyLimits;
import farthing.identity.NewApiKey;
import farthing.ledger.LineId;
import farthing.money.Amount;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.ValidatableResponse;

/** Every wrong request gets a clear answer in OpenAI's shape and costs nothing. */
@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class BadInputTest {

    private static final String GOOD = """
            {"model": "wren/kjv", "prompt": "In the beginning", "max_tokens": 3}""";

    @Inject
    Payer payer;
    @Inject
    ApiKeys keys;
    @Inject
    Catalog catalog;
    @Inject
    Blobs blobs;

    @Test
    void noKey() {
        given().contentType("application/json").body(GOOD).post("/v1/completions").then().statusCode(401)
                .header("WWW-Authenticate", "Bearer").body("error.code", equalTo("missing_api_key"))
                .body("error.message", containsString("/keys"));
    }

    @Test
    void wrongKey() {
        call("fk_thisIsNoKey", "/v1/completions", GOOD).statusCode(401).body("error.type", equalTo("authentication_error"));
    }

    @Test
    void revokedKey() throws SQLException {
        NewApiKey key = payer.key(payer.line(Amount.ofTokens(1)), KeyLimits.NONE);
        call(key.secret(), "/v1/completions", GOOD).statusCode(200);
        keys.revoke(payer.account(), key.id());
        call(key.secret(), "/v1/completions", GOOD).statusCode(401).body("error.message", containsString("revoked"));
    }

    @Test
    void emptyBalance() throws SQLException {
        call(payer.with(Amount.ZERO), "/v1/completions", GOOD).statusCode(402).body("error.code", equalTo("insufficient_funds"))
                .body("error.type", equalTo("insufficient_quota"))
                .body("error.message", allOf(containsString("$0.000"), containsString("max_tokens")));
    }

    @Test
    void aKeysOwnLimit() throws SQLException {
        LineId line = payer.line(Amount.ofTokens(1));
        String secret = payer.key(line, new KeyLimits(null, Amount.ofNanos(2_000))).secret();
        LocalDate day = LocalDate.now(ZoneOffset.UTC);
        call(secret, "/v1/completions", GOOD).statusCode(200);
        ValidatableResponse second = call(secret, "/v1/completions", GOOD);
        // On another day it is the first again.
        if (day.equals(LocalDate.now(ZoneOffset.UTC))) {
            second.statusCode(402).body("error.code", equalTo("key_limit_reached"))
                    .body("error.message", containsString("daily"));
        }
    }

    @Test
    void unknownModelWithANearMatch() throws SQLException {
        call(funded(), "/v1/completions", GOOD.replace("wren/kjv", "wren/kjw")).statusCode(404)
                .body("error.code", equalTo("model_not_found")).body("error.message", containsString("wren/kjv"))
                .body("error.param", equalTo("model"));
    }

    @Test
    void inputLongerThanTheModelSees() throws SQLException {
        call(funded(), "/v1/completions", GOOD.replace("In the beginning", "and it came to pass ".repeat(100))).statusCode(400)
                .body("error.code", equalTo("context_length_exceeded")).body("error.message", containsString("at most 191"));
    }

    @Test
    void aBodyBeyondTheLimit() throws SQLException {
        call(funded(), "/v1/completions", GOOD.replace("In the beginning", "x".repeat(5 << 20))).statusCode(413)
                .body("error.message", containsString("4 MiB"));
    }

    @Test
    void theWrongAddressForAModel() throws SQLException {
        call(funded(), "/v1/completions", GOOD.replace("kjv", "minilm-l6-v2")).statusCode(400)
                .body("error.code", equalTo("wrong_task")).body("error.message", containsString("/v1/embeddings"));
    }

    static Stream<Arguments> wrongBodies() {
        return Stream.of(Arguments.of("{\"model\": ", "valid JSON"), Arguments.of("[]", "JSON object"),
                Arguments.of("", "JSON object"), Arguments.of("{\"prompt\": \"x\"}", "'model' is missing"),
                Arguments.of("{\"model\": 7, \"prompt\": \"x\"}", "'model' must be a string, not a number"),
                Arguments.of("{\"model\": \"wren/kjv\"}", "'prompt' is missing"),
                Arguments.of("{\"model\": \"wren/kjv\", \"prompt\": 7}", "'prompt' must be a string"),
                Arguments.of("{\"model\": \"wren/kjv\", \"prompt\": \"x\", \"max_tokens\": \"7\"}",
                        "'max_tokens' must be a whole number"),
                Arguments.of("{\"model\": \"wren/kjv\", \"prompt\": \"x\", \"max_tokens\": 0}", "'max_tokens' must be from 1"),
                Arguments.of("{\"model\": \"wren/kjv\", \"prompt\": \"x\", \"max_tokens\": 1.5}",
                        "'max_tokens' must be a whole number"),
                Arguments.of("{\"model\": \"wren/kjv\", \"prompt\": \"x\", \"temperature\": 9}",
                        "'temperature' must be from 0"),
                Arguments.of("{\"model\": \"wren/kjv\", \"prompt\": \"x\", \"stream\": \"yes\"}",
                        "'stream' must be true or false"),
                Arguments.of("{\"model\": \"wren/kjv\", \"prompt\": \"x\", \"stop\": {}}", "'stop' must be a string or a list"),
                Arguments.of("{\"model\": \"wren/kjv\", \"prompt\": \"x\", \"n\": 2}", "'n' is not supported"),
                Arguments.of("{\"model\": \"wren/kjv\", \"prompt\": \"x\", \"echo\": true}", "'echo' is not supported"));
    }

    @ParameterizedTest
    @MethodSource("wrongBodies")
    void aBodyThatCannotBeUnderstood(String body, String said) throws SQLException {
        call(funded(), "/v1/completions", body).statusCode(400).body("error.type", equalTo("invalid_request_error"))
                .body("error.message", containsString(said));
    }

    static Stream<Arguments> wrongChats() {
        return Stream.of(Arguments.of("{\"model\": \"wren/kjv\"}", "'messages' is missing"),
                Arguments.of("{\"model\": \"wren/kjv\", \"messages\": \"x\"}", "'messages' must be a list"),
                Arguments.of("{\"model\": \"wren/kjv\", \"messages\": []}", "'messages' must be a list of 1"),
                Arguments.of("{\"model\": \"wren/kjv\", \"messages\": [{\"role\": \"bird\", \"content\": \"x\"}]}",
                        "'messages[0].role'"),
                Arguments.of("{\"model\": \"wren/kjv\", \"messages\": [{\"role\": \"user\"}]}",
                        "'messages[0].content' is missing"),
                Arguments.of(
                        "{\"model\": \"wren/kjv\", \"messages\": [{\"role\": \"user\", \"content\": \"x\"}], \"tools\": [{}]}",
                        "'tools' is not supported"));
    }

    @ParameterizedTest
    @MethodSource("wrongChats")
    void aChatThatCannotBeUnderstood(String body, String said) throws SQLException {
        call(funded(), "/v1/chat/completions", body).statusCode(400).body("error.message", containsString(said));
    }

    @Test
    void aDamagedOnnxFileInTheStore() throws Exception {
        damaged("wren/bge-small-en-v1.5-int8", "/v1/embeddings", """
                {"model": "wren/bge-small-en-v1.5-int8", "input": "a coin"}""");
    }

    @Test
    void aDamagedGgufFileInTheStore() throws Exception {
        damaged("wren/kjv", "/v1/completions", GOOD);
    }

    private void damaged(String model, String path, String body) throws Exception {
        LineId line = payer.line(Amount.ofTokens(1));
        String secret = payer.key(line, KeyLimits.NONE).secret();
        Path file = blobs.path(catalog.resolve(model).loadable().files().model());
        byte[] good = Files.readAllBytes(file);
        byte[] bad = good.clone();
        bad[bad.length / 2] ^= 1;
        try {
            overwrite(file, bad);
            call(secret, path, body).statusCode(503).header("Farthing-Receipt", nullValue())
                    .body("error.code", equalTo("artefact_damaged"))
                    .body("error.message", containsString(file.getFileName().toString().substring(0, 8)));
            assertThat(payer.left(line)).isEqualTo(Amount.ofTokens(1));
        } finally {
            overwrite(file, good);
        }
        call(secret, path, body).statusCode(200);
    }

    private static void overwrite(Path file, byte[] bytes) throws IOException {
        // The store's files are read-only, and some other version may share this one; its place is what is damaged.
        Path part = file.resolveSibling(file.getFileName() + ".test");
        Files.write(part, bytes);
        Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
    }

    private String funded() throws SQLException {
        return payer.with(Amount.ofTokens(1));
    }

    private static ValidatableResponse call(String secret, String path, String body) {
        return given().header("Authorization", "Bearer " + secret).contentType("application/json").body(body).post(path).then();
    }
}
