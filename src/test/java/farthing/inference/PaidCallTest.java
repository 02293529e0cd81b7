package farthing.inference;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasSize;

import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;

import jakarta.inject.Inject;

import org.eclipse.microprofile.config.ConfigProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import farthing.TestDatabase;
import farthing.identity.KeyLimits;
import farthing.ledger.LineId;
import farthing.money.Amount;
import farthing.money.Price;
import farthing.receipt.ReceiptBody;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;

/** Calls that are answered, on real models, and what they cost. */
@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class PaidCallTest {

    /** As in seeds.yaml. */
    private static final Price KJV = new Price(100_000_000, 400_000_000, 0, 0);
    /** Tokens of an answer that nothing ends but the model's context. */
    private static final int WHOLE = 184;

    @Inject
    Payer payer;

    @Test
    void aCompletionIsChargedByTheEnginesOwnCounts() throws SQLException {
        LineId line = payer.line(Amount.ofTokens(1));
        Response answer = as(line).body("""
                {"model": "wren/kjv", "prompt": "In the beginning", "max_tokens": 7, "temperature": 0}""")
                .post("/v1/completions");
        answer.then().statusCode(200).body("object", equalTo("text_completion")).body("choices", hasSize(1))
                .body("choices[0].finish_reason", equalTo("length")).body("usage.completion_tokens", equalTo(7));
        JsonPath usage = answer.jsonPath();
        Amount charge = KJV.chargeRoundedDown(usage.getLong("usage.prompt_tokens"), usage.getLong("usage.completion_tokens"),
                1);
        assertThat(answer.header("Farthing-Charge")).isEqualTo(Long.toString(charge.nanos()));
        assertThat(payer.left(line)).isEqualTo(Amount.ofTokens(1).minus(charge));
        given().get("/v1/receipts/" + answer.header("Farthing-Receipt")).then().statusCode(200)
                .body("receipt.charge_nanos", equalTo((int) charge.nanos())).body("receipt.line", equalTo(line.value()))
                .body("body", equalTo(null));
    }

    @Test
    void onlyThePayersKeyOpensAReceipt() throws SQLException {
        String secret = payer.with(Amount.ofTokens(1));
        String receipt = as(secret).body(completion(3)).post("/v1/completions").header("Farthing-Receipt");
        as(secret).get("/v1/receipts/" + receipt).then().statusCode(200).body("body.output_tokens", equalTo(3));
        given().get("/v1/receipts/" + receipt).then().statusCode(200).body("body", equalTo(null));
        given().get("/v1/receipts/" + "0".repeat(32)).then().statusCode(404).body("error.code", equalTo("receipt_not_found"));
    }

    @Test
    void aStreamEndsWithItsReceiptAndSaysTheSameAsAWholeAnswer() throws SQLException {
        LineId line = payer.line(Amount.ofTokens(1));
        String whole = as(line).body(completion(12)).post("/v1/completions").jsonPath().getString("choices[0].text");
        Response stream = as(line).body("""
                {"model": "wren/kjv", "prompt": "In the beginning", "max_tokens": 12, "temperature": 0, "stream": true,
                 "stream_options": {"include_usage": true}}""").post("/v1/completions");
        List<JsonPath> events = events(stream);
        StringBuilder text = new StringBuilder();
        events.subList(0, events.size() - 1).forEach(event -> text.append(event.getString("choices[0].text")));
        assertThat(text.toString()).isEqualTo(whole);
        JsonPath last = events.getLast();
        assertThat(last.getInt("usage.completion_tokens")).isEqualTo(12);
        assertThat(last.getString("farthing.receipt")).isEqualTo(stream.header("Farthing-Receipt"));
        assertThat(last.getLong("farthing.charge_nanos"))
                .isEqualTo(KJV.chargeRoundedDown(last.getLong("usage.prompt_tokens"), 12, 1).nanos());
        assertThat(stream.asString()).endsWith("data: [DONE]\n\n");
    }

    @Test
    void aStreamWithoutUsageNamesItsReceiptInAComment() throws SQLException {
        Response stream = as(payer.with(Amount.ofTokens(1))).body("""
                {"model": "wren/kjv", "messages": [{"role": "user", "content": "And it came to pass"}], "max_tokens": 3,
                 "stream": true}""").post("/v1/chat/completions");
        assertThat(stream.asString()).contains("\n: farthing {\"receipt\":\"" + stream.header("Farthing-Receipt") + "\"")
                .endsWith("data: [DONE]\n\n");
        assertThat(events(stream).getFirst().getString("choices[0].delta.role")).isEqualTo("assistant");
    }

    @Test
    void embeddingsComeAsNumbersOrAsBase64() throws SQLException {
        String secret = payer.with(Amount.ofTokens(1));
        List<Float> numbers = as(secret).body("""
                {"model": "wren/minilm-l6-v2", "input": ["a coin", "a bird"]}""").post("/v1/embeddings").then().statusCode(200)
                .body("data", hasSize(2)).extract().jsonPath().getList("data[1].embedding", Float.class);
        String packed = as(secret).body("""
                {"model": "wren/minilm-l6-v2", "input": "a bird", "encoding_format": "base64"}""").post("/v1/embeddings")
                .jsonPath().getString("data[0].embedding");
        ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode(packed)).order(ByteOrder.LITTLE_ENDIAN);
        List<Float> unpacked = new ArrayList<>();
        while (bytes.hasRemaining()) {
            unpacked.add(bytes.getFloat());
        }
        assertThat(unpacked).hasSize(384).isEqualTo(numbers);
    }

    @Test
    void aLanguageIsNamed() throws SQLException {
        as(payer.with(Amount.ofTokens(1))).body("""
                {"model": "wren/langdetect", "input": "Wo ist der Bahnhof, von dem die Züge nach Wien fahren?"}""")
                .post("/v1/classify").then().statusCode(200).body("data[0].label", equalTo("deu"));
    }

    @Test
    void theSameIdempotencyKeyIsAnsweredOnceAndChargedOnce() throws SQLException {
        LineId line = payer.line(Amount.ofTokens(1));
        String secret = payer.key(line, KeyLimits.NONE).secret();
        String request = """
                {"model": "wren/kjv", "prompt": "And God said", "max_tokens": 9}""";
        Response first = as(secret).header("Idempotency-Key", "k1").body(request).post("/v1/completions");
        Amount left = payer.left(line);
        Response second = as(secret).header("Idempotency-Key", "k1").body(request).post("/v1/completions");
        assertThat(second.asString()).isEqualTo(first.asString());
        assertThat(second.header("Farthing-Receipt")).isEqualTo(first.header("Farthing-Receipt"));
        assertThat(second.header("Farthing-Charge")).isEqualTo(first.header("Farthing-Charge"));
        assertThat(second.header("Idempotent-Replayed")).isEqualTo("true");
        assertThat(payer.left(line)).isEqualTo(left);
        as(secret).header("Idempotency-Key", "k1").body(request.replace("9", "8")).post("/v1/completions").then()
                .statusCode(422).body("error.code", equalTo("idempotency_mismatch"));
    }

    @Test
    void aFailedCallFreesItsIdempotencyKey() throws SQLException {
        String secret = payer.with(Amount.ofTokens(1));
        as(secret).header("Idempotency-Key", "k2").body("{\"model\": \"wren/no-such\", \"prompt\": \"x\"}")
                .post("/v1/completions").then().statusCode(404);
        as(secret).header("Idempotency-Key", "k2").body(completion(2)).post("/v1/completions").then().statusCode(200);
    }

    @Test
    void withoutMaxTokensTheBudgetDecides() throws SQLException {
        // 8 tokens of prompt cost 800 nanos and 5 tokens of answer 2,000: 2,900 affords no sixth.
        String secret = payer.with(Amount.ofNanos(2_900));
        as(secret).body("""
                {"model": "wren/kjv", "prompt": "In the beginning", "temperature": 0}""").post("/v1/completions").then()
                .statusCode(200).body("usage.prompt_tokens", equalTo(8)).body("usage.completion_tokens", equalTo(5))
                .body("choices[0].finish_reason", equalTo("length"));
    }

    @Test
    void sixtyCallersOfABudgetForTwentyAreServedTwentyTimes() throws Exception {
        int worst = 800 + 4 * 400;
        LineId line = payer.line(Amount.ofNanos(20L * worst));
        String secret = payer.key(line, KeyLimits.NONE).secret();
        List<Callable<Integer>> callers = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            callers.add(() -> as(secret).body(completion(4)).post("/v1/completions").statusCode());
        }
        List<Integer> statuses = new ArrayList<>();
        try (var threads = Executors.newFixedThreadPool(60)) {
            for (Future<Integer> caller : threads.invokeAll(callers)) {
                statuses.add(caller.get());
            }
        }
        assertThat(statuses.stream().filter(s -> s == 200)).hasSize(20);
        assertThat(statuses.stream().filter(s -> s == 402)).hasSize(40);
        assertThat(payer.left(line)).isEqualTo(Amount.ZERO);
    }

    /** What waits for the event loop when the client leaves is charged, too, so clients leave until nothing waited. */
    @Test
    void anAbandonedStreamIsChargedForWhatWasDelivered() throws Exception {
        LineId line = payer.line(Amount.ofTokens(1));
        String secret = payer.key(line, KeyLimits.NONE).secret();
        Amount left = Amount.ofTokens(1);
        boolean early = false;
        // On a machine that is busy with something else, all may be written before it is seen that the client has left.
        for (int i = 0; i < 40 && !early; i++) {
            String got = untilItLeft(secret);
            List<String> pieces = events(got).stream().map(event -> event.getString("choices[0].text"))
                    .filter(piece -> !piece.isEmpty()).toList();
            JsonPath found = receipt(secret, got.replaceAll("(?s).*[Ff]arthing-[Rr]eceipt: ([0-9a-f]{32}).*", "$1"));
            int tokens = found.getInt("body.output_tokens");
            // Each token of this answer has a piece of its own.
            assertThat(tokens).as("tokens charged for %s", pieces).isEqualTo(pieces.size());
            Amount charge = KJV.chargeRoundedDown(found.getLong("body.input_tokens"), tokens, 1);
            assertThat(found.getLong("receipt.charge_nanos")).isEqualTo(charge.nanos());
            left = left.minus(charge);
            assertThat(payer.left(line)).isEqualTo(left);
            byte[] salt = HexFormat.of().parseHex(found.getString("body.response_salt").substring(2));
            byte[] hash = ReceiptBody.contentHash(salt, String.join("", pieces).getBytes(StandardCharsets.UTF_8));
            assertThat(found.getString("body.response_hash")).isEqualTo("0x" + HexFormat.of().formatHex(hash));
            early = tokens < WHOLE && found.getBoolean("body.abandoned");
        }
        assertThat(early).isTrue();
    }

    /** What a client gets that leaves at the first piece. */
    private static String untilItLeft(String secret) throws Exception {
        String body = """
                {"model": "wren/kjv", "prompt": "In the beginning", "temperature": 0, "stream": true}""";
        URI base = URI.create(ConfigProvider.getConfig().getValue("test.url", String.class));
        try (Socket socket = new Socket(base.getHost(), base.getPort())) {
            OutputStream out = socket.getOutputStream();
            out.write(("POST /v1/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + secret
                    + "\r\nContent-Type: application/json\r\nContent-Length: " + body.length() + "\r\n\r\n" + body)
                    .getBytes(StandardCharsets.UTF_8));
            out.flush();
            String begun = readUntil(socket.getInputStream(), "\"text\":");
            // For the server it is gone, and yet it gets all that was on its way.
            socket.shutdownOutput();
            return begun + new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static JsonPath receipt(String secret, String receipt) {
        Instant deadline = Instant.now().plus(Duration.ofSeconds(60));
        Response found = as(secret).get("/v1/receipts/" + receipt);
        while (found.statusCode() != 200 && Instant.now().isBefore(deadline)) {
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
            found = as(secret).get("/v1/receipts/" + receipt);
        }
        found.then().statusCode(200);
        return found.jsonPath();
    }

    private static String completion(int maxTokens) {
        return """
                {"model": "wren/kjv", "prompt": "In the beginning", "max_tokens": %d, "temperature": 0}""".formatted(maxTokens);
    }

    private RequestSpecification as(LineId line) {
        return as(payer.key(line, KeyLimits.NONE).secret());
    }

    private static RequestSpecification as(String secret) {
        return given().header("Authorization", "Bearer " + secret).contentType("application/json");
    }

    /** The data of each event before {@code [DONE]}. */
    private static List<JsonPath> events(Response stream) {
        return events(stream.asString());
    }

    private static List<JsonPath> events(String stream) {
        return stream.lines().filter(line -> line.startsWith("data: {"))
                .map(line -> JsonPath.from(line.substring(6)))
                .toList();
    }

    private static String readUntil(InputStream in, String mark) throws Exception {
        StringBuilder read = new StringBuilder();
        byte[] buffer = new byte[512];
        while (read.indexOf(mark) < 0) {
            int count = in.read(buffer);
            assertThat(count).as(read.toString()).isPositive();
            read.append(new String(buffer, 0, count, StandardCharsets.UTF_8));
        }
        return read.toString();
    }
}
