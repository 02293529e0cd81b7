package farthing.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.FakeUpstream;
import farthing.chain.SigningKey;

/**
 * An upstream that does what the last message of a chat tells it, and counts as many output tokens as the call allows: a call's
 * number is its {@code max_tokens}, so its charge names it.
 */
final class MockModel implements FakeUpstream.Script {

    /** What a caller may ask it to do. */
    enum Deed {
        ANSWERS,
        /** Refuses with status 500. */
        FAILS,
        /** Breaks the connection before a byte of an answer. */
        DROPS,
        /** Breaks the connection in the middle of its stream. */
        BREAKS,
        /** Sends an error in the middle of its stream. */
        ERRS,
        /** Says nothing more in the middle of its stream. */
        HANGS,
        /** Ends its stream well, but without the end that the protocol wants and without counters. */
        FORGETS,
        /** Takes its time: a text each 20 ms, fifty of them. */
        DAWDLES
    }

    final AtomicInteger asked = new AtomicInteger();

    @Override
    public void answer(FakeUpstream.Request request, FakeUpstream.Connection to) throws IOException {
        asked.incrementAndGet();
        JsonNode call = request.json();
        String told = call.at("/messages/0/content").asText();
        int number = call.path("max_tokens").asInt(1);
        switch (deed(told)) {
            case ANSWERS -> to.stream().text("Well ").text("said").finish("stop").usage(1, number).done();
            case FAILS -> to.json(500, "{\"error\":{\"message\":\"as told\"}}");
            case DROPS -> to.reset();
            case BREAKS -> to.stream().text("Well ").reset();
            case ERRS -> to.stream().text("Well ").event("{\"error\":{\"message\":\"as told\",\"code\":500}}").done();
            case HANGS -> to.stream().text("Well ").awaitHangUp();
            case FORGETS -> to.stream().text("Well ").write("0\r\n\r\n");
            case DAWDLES -> {
                to.stream();
                for (int i = 0; i < 50; i++) {
                    to.text("well ");
                    pause();
                }
                to.finish("stop").usage(1, number).done();
            }
        }
    }

    /** Lists a mock of that address as wren/mock, as a developer does, a nano for each output token. */
    static void publish(FarthingProcess server, SigningKey developer, String url) throws Exception {
        Visitor wren = Visitor.signedIn(server, developer);
        Matcher token = Pattern.compile("fp_[0-9A-Za-z]{49}").matcher(wren
                .post("/account", "/account/tokens", Map.of("name", "mock", "scopes", "publish", "expires", "")).body());
        assertThat(token.find()).isTrue();
        JsonNode begun = api(server, token.group(), "/api/models/wren/mock/versions", """
                {"endpoint": {"url": "%s", "model": "mock"}, "task": "chat", "purpose": "Does what it is told.",
                 "card": "A mock.", "licence": "MIT", "attribution": "Nobody.", "provenance": "Made for a test.",
                 "offer": {"per_million_output_tokens": 1000000}, "split": {"developer": 7000, "data_pool": 2000,
                 "validators": 200, "platform": 800}, "visibility": "public", "template": "model"}"""
                .formatted(url));
        String id = begun.get("id").asText();
        server.await("the mock model to be listed", () -> {
            JsonNode publication = api(server, token.group(), "/api/publications/" + id, null);
            String state = publication.get("state").asText();
            assertThat(state).as(publication.toString()).isNotEqualTo("refused");
            return state.equals("listed");
        });
    }

    private static JsonNode api(FarthingProcess server, String token, String path, @Nullable String body)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(server.uri(path)).header("Authorization", "Bearer " + token)
                .header("Content-Type", "application/json").timeout(Duration.ofSeconds(30));
        HttpResponse<String> answer = FarthingProcess.HTTP.send(
                body == null ? request.build() : request.POST(HttpRequest.BodyPublishers.ofString(body)).build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(answer.body()).isIn(200, 202);
        return new ObjectMapper().readTree(answer.body());
    }

    private static Deed deed(String told) {
        for (Deed deed : Deed.values()) {
            if (told.startsWith(deed.name() + " ")) {
                return deed;
            }
        }
        return Deed.ANSWERS;
    }

    private static void pause() {
        try {
            Thread.sleep(20);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
