package farthing.inference;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.not;

import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import jakarta.inject.Inject;

import org.eclipse.microprofile.config.ConfigProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import farthing.FakeUpstream;
import farthing.FakeUpstream.Script;
import farthing.TestDatabase;
import farthing.catalog.RemoteListing;
import farthing.engine.Task;
import farthing.identity.KeyLimits;
import farthing.ledger.LineId;
import farthing.money.Amount;
import farthing.money.Price;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;

/** Paid calls that a server elsewhere answers. */
@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class RemoteCallTest {

    private static final Price PRICE = new Price(100_000_000, 400_000_000, 0, 0);
    private static final String SECRET = "sk-very-secret-7f3a";

    @Inject
    Payer payer;
    @Inject
    RemoteListing remote;

    private String model(FakeUpstream upstream) {
        return remote.list("far-" + upstream.port(), upstream.url(), SECRET, Task.CHAT, PRICE);
    }

    private static String chat(String model, String more) {
        return """
                {"model": "%s", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 20%s}""".formatted(model,
                more);
    }

    @Test
    void itIsChargedByTheEndpointsCountersUpToWhatWasReserved() throws SQLException {
        LineId line = payer.line(Amount.ofTokens(1));
        try (var upstream = new FakeUpstream(
                (_, to) -> to.stream().text("Good ").text("day").finish("stop").usage(11, 3).done())) {
            Response answer = as(line).body(chat(model(upstream), "")).post("/v1/chat/completions");
            answer.then().statusCode(200).body("choices[0].message.content", equalTo("Good day"))
                    .body("usage.prompt_tokens", equalTo(11)).body("usage.completion_tokens", equalTo(3));
            Amount charge = PRICE.chargeRoundedDown(11, 3, 1);
            assertThat(answer.header("Farthing-Charge")).isEqualTo(Long.toString(charge.nanos()));
            assertThat(payer.left(line)).isEqualTo(Amount.ofTokens(1).minus(charge));
        }
        try (var upstream = new FakeUpstream(
                (_, to) -> to.stream().text("x").finish("stop").usage(1_000_000, 1_000_000).done())) {
            as(line).body(chat(model(upstream), "")).post("/v1/chat/completions").then().statusCode(200)
                    .body("usage.completion_tokens", equalTo(20));
        }
    }

    @Test
    void aPriceThatChangesDuringACallIsPaidFromTheNextCallOn() throws SQLException {
        Price dearer = new Price(300_000_000, 900_000_000, 0, 0);
        CompletableFuture<String> model = new CompletableFuture<>();
        AtomicLong offer = new AtomicLong();
        try (var upstream = new FakeUpstream((_, to) -> {
            to.stream().text("Good ").text("day");
            // Reserved by now and not charged yet.
            if (offer.get() == 0) {
                offer.set(remote.reprice(model.join(), dearer));
            }
            to.finish("stop").usage(11, 3).done();
        })) {
            model.complete(model(upstream));
            LineId line = payer.line(Amount.ofTokens(1));
            RequestSpecification as = as(line).body(chat(model.join(), ""));
            Response before = as.post("/v1/chat/completions");
            Response after = as.post("/v1/chat/completions");
            long cheap = PRICE.chargeRoundedDown(11, 3, 1).nanos();
            long dear = dearer.chargeRoundedDown(11, 3, 1).nanos();
            assertThat(before.header("Farthing-Charge")).isEqualTo(Long.toString(cheap));
            assertThat(after.header("Farthing-Charge")).isEqualTo(Long.toString(dear));
            assertThat(payer.left(line)).isEqualTo(Amount.ofTokens(1).minus(Amount.ofNanos(cheap + dear)));
            JsonPath first = receipt(line, before);
            assertThat(first.getLong("receipt.charge_nanos")).isEqualTo(cheap);
            assertThat(first.getLong("body.offer")).isLessThan(offer.get());
            assertThat(receipt(line, after).getLong("body.offer")).isEqualTo(offer.get());
        }
    }

    private JsonPath receipt(LineId line, Response answer) {
        return as(line).get("/v1/receipts/" + answer.header("Farthing-Receipt")).jsonPath();
    }

    @Test
    void aStreamThatBreaksIsFreeAndTellsNothingOfTheEndpoint() throws SQLException {
        LineId line = payer.line(Amount.ofTokens(1));
        for (Script fault : new Script[] { (_, to) -> to.stream().text("x").reset(),
                (_, to) -> to.stream().text("x").finish("stop").done() }) {
            try (var upstream = new FakeUpstream(fault)) {
                as(line).body(chat(model(upstream), ", \"stream\": true")).post("/v1/chat/completions").then()
                        .body(containsString("engine_failed")).body(not(containsString("[DONE]")))
                        .body(not(containsString("localhost"))).body(not(containsString(SECRET)));
            }
        }
        assertThat(payer.left(line)).isEqualTo(Amount.ofTokens(1));
    }

    @Test
    void aClientThatLeavesCutsTheEndpointOffAndPaysForWhatItGot() throws Exception {
        LineId line = payer.line(Amount.ofTokens(1));
        CompletableFuture<Void> hungUp = new CompletableFuture<>();
        try (var upstream = new FakeUpstream((_, to) -> {
            to.stream().text("a").text("b").awaitHangUp();
            hungUp.complete(null);
        })) {
            String body = chat(model(upstream), ", \"stream\": true");
            URI base = URI.create(ConfigProvider.getConfig().getValue("test.url", String.class));
            try (Socket socket = new Socket(base.getHost(), base.getPort())) {
                OutputStream out = socket.getOutputStream();
                out.write(("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                        + payer.key(line, KeyLimits.NONE).secret() + "\r\nContent-Type: application/json\r\nContent-Length: "
                        + body.length() + "\r\n\r\n" + body).getBytes(StandardCharsets.UTF_8));
                out.flush();
                StringBuilder read = new StringBuilder();
                while (read.indexOf("\"content\":\"b\"") < 0) {
                    read.append((char) socket.getInputStream().read());
                }
            }
            // Before the silence of 30 s after which it would be cut off anyway.
            hungUp.get(25, TimeUnit.SECONDS);
        }
        Amount expected = Amount.ofTokens(1).minus(PRICE.chargeRoundedDown(0, 2, 1));
        for (long end = System.nanoTime() + 60_000_000_000L; System.nanoTime() < end && !payer.left(line).equals(expected);) {
            Thread.onSpinWait();
        }
        assertThat(payer.left(line)).isEqualTo(expected);
    }

    private RequestSpecification as(LineId line) {
        return given().header("Authorization", "Bearer " + payer.key(line, KeyLimits.NONE).secret())
                .contentType("application/json");
    }
}
