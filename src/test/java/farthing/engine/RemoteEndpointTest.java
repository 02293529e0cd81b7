package farthing.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import farthing.FakeUpstream;
import farthing.FakeUpstream.Script;
import farthing.Ports;
import farthing.artefact.ArtefactFiles;
import farthing.artefact.Format;
import farthing.artefact.Role;
import farthing.blob.Digest;
import farthing.engine.Input.Chat;
import farthing.engine.Input.Message;
import farthing.engine.Input.Prompt;
import farthing.engine.Input.Texts;
import farthing.web.Outside;
import farthing.web.Problem;
import farthing.web.PublicInternet;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.PfxOptions;

/** Calls of a remote endpoint that answers, that fails in every way, and that is where it must not be. */
class RemoteEndpointTest {

    private static final String SECRET = "sk-very-secret-7f3a";
    private static final Chat HELLO = new Chat(List.of(new Message("system", "Be brief."), new Message("user", "Hello")));

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    static Vertx vertx;

    @TempDir
    Path folder;
    private final List<AutoCloseable> open = new ArrayList<>();

    private record Config(boolean allowPrivate, int places, Duration silence) implements RemoteConfig {
    }

    @BeforeAll
    static void start() {
        vertx = Vertx.vertx();
    }

    @AfterAll
    static void stop() {
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    private FakeUpstream upstream(Script script) {
        var upstream = new FakeUpstream(script);
        open.add(upstream);
        return upstream;
    }

    /** At most one call at once and one that waits for 100 ms. */
    private RemoteEndpoints remote(RemoteConfig config, Duration callTime, Outside.Resolver resolver) {
        EngineSettings usual = Models.settings();
        var settings = new EngineSettings(usual.natives(), usual.cache(), 1, 1, 1, 1, Duration.ofMillis(100), usual.loadTime(),
                callTime, usual.idleTime(), usual.memory());
        var remote = new RemoteEndpoints(vertx, config, settings, _ -> Optional.of(SECRET), resolver);
        open.add(remote);
        return remote;
    }

    private RemoteEndpoints remote() {
        return remote(new Config(true, 1, PATIENCE), PATIENCE, InetAddress::getAllByName);
    }

    private RemoteEndpoints careful(Outside.Resolver resolver) {
        return remote(new Config(false, 1, PATIENCE), PATIENCE, resolver);
    }

    private Engines engines() throws IOException {
        return engines(PATIENCE, PATIENCE);
    }

    private Engines engines(Duration silence, Duration callTime) throws IOException {
        var engines = new Engines(new Models(folder).artefacts, Models.settings(), Clock.systemUTC(), null,
                remote(new Config(true, 1, silence), callTime, InetAddress::getAllByName));
        open.add(engines);
        return engines;
    }

    private Loadable version(FakeUpstream upstream, Task task) throws IOException {
        Digest descriptor = new Models(folder).blobs.put(new ByteArrayInputStream(
                new RemoteEndpoint(URI.create(upstream.url()), "their-name").descriptor()));
        return new Loadable("wren/far@1", EngineKind.REMOTE, task,
                new ArtefactFiles(Format.REMOTE, Map.of(Role.MODEL, descriptor)), PromptTemplate.MODEL, 2048, Pooling.MEAN,
                true);
    }

    @Test
    void aChatIsStreamedAndBilledByTheEndpointsOwnCounters() throws IOException {
        FakeUpstream upstream = upstream((_, to) -> to.stream().write("").text("Good ").text("day").finish("stop")
                .usage(17, 3).done());
        List<String> pieces = new ArrayList<>();
        Usage usage;
        try (Invocation call = engines().prepare(version(upstream, Task.CHAT), HELLO)) {
            assertThat(call.inputTokens()).as("a safe bound").isGreaterThan(30);
            assertThat(call.maxOutputTokens()).isBetween(1000, 2047);
            usage = call.generate(new Generation(9, 0.5f, 0.25f, 7, List.of("\n"), 0, 1), pieces::add);
        }

        assertThat(pieces).containsExactly("Good ", "day");
        assertThat(usage).isEqualTo(new Usage(17, 3, 1, FinishReason.STOP));
        var request = upstream.requests.getFirst();
        assertThat(request.path()).isEqualTo("/v1/chat/completions");
        assertThat(request.head().toLowerCase(Locale.ROOT)).contains("authorization: bearer " + SECRET)
                .contains("host: localhost:");
        assertThat(request.json().toString()).isEqualTo("{\"model\":\"their-name\",\"messages\":[{\"role\":\"system\","
                + "\"content\":\"Be brief.\"},{\"role\":\"user\",\"content\":\"Hello\"}],\"max_tokens\":9,\"temperature\":0.5,"
                + "\"top_p\":0.25,\"seed\":7,\"stop\":[\"\\n\"],\"presence_penalty\":1.0,\"stream\":true,"
                + "\"stream_options\":{\"include_usage\":true}}");
    }

    @Test
    void aCompletionEndsAtItsLimit() throws IOException {
        FakeUpstream upstream = upstream((_, to) -> to.stream().text("a").finish("length").usage(4, 1).done());
        try (Invocation call = engines().prepare(version(upstream, Task.COMPLETION), new Prompt("Once"))) {
            assertThat(call.generate(Generation.greedy(1), _ -> {
            })).isEqualTo(new Usage(4, 1, 1, FinishReason.LENGTH));
        }
        assertThat(upstream.requests.getFirst().path()).isEqualTo("/v1/completions");
        assertThat(upstream.requests.getFirst().json().get("prompt").textValue()).isEqualTo("Once");
    }

    @Test
    void embeddingsComeInTheOrderOfTheTexts() throws IOException {
        FakeUpstream upstream = upstream((_, to) -> to.json(200, """
                {"object":"list","data":[{"index":1,"embedding":[0.0,2.0]},{"index":0,"embedding":[3.0,4.0]}],
                 "usage":{"prompt_tokens":5,"completion_tokens":-7,"total_tokens":5}}"""));
        try (Invocation call = engines().prepare(version(upstream, Task.EMBEDDING), new Texts(List.of("a", "b")))) {
            Embeddings embeddings = call.embed();
            assertThat(embeddings.vectors().get(0)).containsExactly(new float[] { 0.6f, 0.8f }, within(1e-6f));
            assertThat(embeddings.vectors().get(1)).containsExactly(0, 1);
            assertThat(embeddings.usage()).isEqualTo(new Usage(5, 0, 2, FinishReason.STOP));
        }
        assertThat(upstream.requests.getFirst().path()).isEqualTo("/v1/embeddings");
    }

    @Test
    void aConnectionServesOneCallAfterTheOther() throws IOException {
        FakeUpstream upstream = upstream((_, to) -> to.stream().text("a").usage(1, 1).done());
        Engines engines = engines();
        Loadable version = version(upstream, Task.CHAT);
        for (int i = 0; i < 3; i++) {
            try (Invocation call = engines.prepare(version, HELLO)) {
                call.generate(Generation.greedy(3), _ -> {
                });
            }
        }
        assertThat(upstream.requests).hasSize(3);
    }

    @Test
    void whatItCountsBeyondTheReservationIsNotCharged() throws IOException {
        FakeUpstream upstream = upstream((_, to) -> to.stream().text("a").usage(1_000_000_000_000L, 900).done());
        try (Invocation call = engines().prepare(version(upstream, Task.CHAT), HELLO)) {
            Usage usage = call.generate(Generation.greedy(5), _ -> {
            });
            assertThat(usage.inputTokens()).isEqualTo(call.inputTokens());
            assertThat(usage.outputTokens()).isEqualTo(5);
        }
    }

    static Stream<Arguments> faults() {
        String error = "{\"error\":{\"message\":\"" + SECRET + " at http://localhost is wrong\"}}";
        return Stream.of(
                fault("a wrong secret", 503, "engine_unavailable", "secret", (_, to) -> to.json(401, error)),
                fault("an unknown model", 503, "engine_unavailable", "model", (_, to) -> to.json(404, error)),
                fault("too many calls", 503, "engine_busy", "Try again", (_, to) -> to.json(429, error, "Retry-After: 7")),
                fault("a refusal", 400, "unsupported_input", "too long", (_, to) -> to.json(400, error)),
                fault("a crash", 502, "engine_failed", "500", (_, to) -> to.json(500, error)),
                fault("a redirect", 503, "engine_unavailable", "not followed",
                        (_, to) -> to.json(302, "", "Location: http://169.254.169.254/")),
                fault("silence before the answer", 502, "engine_failed", "nothing for", (_, to) -> to.awaitHangUp()),
                fault("silence in the answer", 502, "engine_failed", "nothing for",
                        (_, to) -> to.stream().text("a").awaitHangUp()),
                fault("a reset", 502, "engine_failed", "broke off", (_, to) -> to.stream().text("a").reset()),
                fault("a reset before the answer", 502, "engine_failed", "broke off", (_, to) -> to.reset()),
                fault("an end in the middle", 502, "engine_failed", "broke off",
                        (_, to) -> to.stream().text("a").usage(1, 1).write("0\r\n\r\n")),
                fault("half a line", 502, "engine_failed", "broke off",
                        (_, to) -> to.stream().text("a").write("8\r\ndata: [D\r\n0\r\n\r\n")),
                fault("no JSON", 502, "engine_failed", "OpenAI", (_, to) -> to.stream().event("{\"choices\":[{").done()),
                fault("no HTTP", 502, "engine_failed", "broke off", (_, to) -> to.write("SSH-2.0-OpenSSH_9.2\r\n\r\n")),
                fault("a page", 502, "engine_failed", "broke off", (_, to) -> to.json(200, "<html></html>")),
                fault("an error in the stream", 502, "engine_failed", "reported an error",
                        (_, to) -> to.stream().text("a").event(error).done()),
                fault("no counters", 502, "engine_failed", "how many tokens",
                        (_, to) -> to.stream().text("a").finish("stop").done()),
                fault("counters that are none", 502, "engine_failed", "how many tokens",
                        (_, to) -> to.stream().text("a").usage(-1, 1).done()),
                fault("a huge line", 502, "engine_failed", "line", (_, to) -> to.stream().event("x".repeat(1 << 20 | 9))),
                fault("no end", 502, "engine_failed", "more than", (_, to) -> {
                    to.stream();
                    while (true) {
                        to.text("x".repeat(10_000));
                    }
                }));
    }

    private static Arguments fault(String name, int status, String code, String says, Script script) {
        return Arguments.argumentSet(name, status, code, says, script);
    }

    @ParameterizedTest
    @MethodSource("faults")
    void aFaultIsToldInASentenceThatNamesNeitherAddressNorSecret(int status, String code, String says, Script script)
            throws IOException {
        Engines engines = engines(says.equals("nothing for") ? Duration.ofMillis(300) : PATIENCE, PATIENCE);
        Loadable version = version(upstream(script), Task.CHAT);
        try (Invocation call = engines.prepare(version, HELLO)) {
            assertThatThrownBy(() -> call.generate(Generation.greedy(5), _ -> {
            })).isInstanceOfSatisfying(Problem.class, problem -> {
                assertThat(problem.status()).as(problem.detail()).isEqualTo(status);
                assertThat(problem.code()).isEqualTo(code);
                assertThat(problem.detail()).contains(says).doesNotContain("localhost").doesNotContain(SECRET);
                if (code.equals("engine_busy")) {
                    assertThat(problem.retryAfter()).contains(Duration.ofSeconds(7));
                }
            });
        }
        // Its place is free again.
        engines.prepare(version, HELLO).close();
    }

    @ParameterizedTest
    @ValueSource(strings = { "{\"data\":[{\"index\":0,\"embedding\":[1]}],\"usage\":{\"prompt_tokens\":1}}",
            "{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":0,\"embedding\":[1]}],\"usage\":{\"prompt_tokens\":1}}",
            "{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":1,\"embedding\":[1,2]}],\"usage\":{\"prompt_tokens\":1}}",
            "{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":1,\"embedding\":[null]}],\"usage\":{\"prompt_tokens\":1}}",
            "{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":1}],\"usage\":{\"prompt_tokens\":1}}", "null", "[1]",
            "{\"data\":",
            "{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":1,\"embedding\":[1]}]}" })
    void vectorsThatAreNoneFailTheCall(String answer) throws IOException {
        FakeUpstream upstream = upstream((_, to) -> to.json(200, answer));
        try (Invocation call = engines().prepare(version(upstream, Task.EMBEDDING), new Texts(List.of("a", "b")))) {
            assertThatThrownBy(call::embed).isInstanceOf(EngineFailed.class);
        }
    }

    @Test
    void closingCutsTheEndpointOffAtOnce() throws Exception {
        CompletableFuture<Void> hungUp = new CompletableFuture<>();
        FakeUpstream upstream = upstream((_, to) -> {
            to.stream().text("a").text("b").awaitHangUp();
            hungUp.complete(null);
        });
        try (Invocation call = engines(Duration.ofMinutes(2), Duration.ofMinutes(2)).prepare(version(upstream, Task.CHAT),
                HELLO)) {
            Usage usage = call.generate(Generation.greedy(100), piece -> {
                if (piece.equals("b")) {
                    Thread.startVirtualThread(call::close);
                }
            });
            assertThat(usage).as("what was delivered has a token in each piece")
                    .isEqualTo(new Usage(0, 2, 1, FinishReason.CANCELLED));
            hungUp.get(60, TimeUnit.SECONDS);
        }
    }

    @Test
    void aCallThatLastsTooLongIsCutOff() throws Exception {
        FakeUpstream upstream = upstream((_, to) -> {
            to.stream();
            while (true) {
                to.text("a");
                try {
                    Thread.sleep(100);
                } catch (InterruptedException e) {
                    return;
                }
            }
        });
        try (Invocation call = engines(PATIENCE, Duration.ofSeconds(1)).prepare(version(upstream, Task.CHAT), HELLO)) {
            assertThatThrownBy(() -> call.generate(Generation.greedy(100), _ -> {
            })).isInstanceOf(EngineFailed.class).hasMessageContaining("more than 1 s");
        }
    }

    @Test
    void aClientThatCannotBeWrittenToCancels() throws Exception {
        CompletableFuture<Void> hungUp = new CompletableFuture<>();
        FakeUpstream upstream = upstream((_, to) -> {
            to.stream().text("a").awaitHangUp();
            hungUp.complete(null);
        });
        try (Invocation call = engines(Duration.ofMinutes(2), Duration.ofMinutes(2)).prepare(version(upstream, Task.CHAT),
                HELLO)) {
            assertThatThrownBy(() -> call.generate(Generation.greedy(100), _ -> {
                throw new IllegalStateException("gone");
            })).hasMessage("gone");
            hungUp.get(60, TimeUnit.SECONDS);
        }
    }

    @Test
    void noMoreCallsAreInsideThanMayBe() throws IOException {
        FakeUpstream upstream = upstream((_, to) -> to.stream().text("a").usage(1, 1).done());
        Engines engines = engines();
        Loadable version = version(upstream, Task.CHAT);
        try (Invocation _ = engines.prepare(version, HELLO)) {
            assertThatThrownBy(() -> engines.prepare(version, HELLO)).isInstanceOf(EngineBusy.class);
        }
        engines.prepare(version, HELLO).close();
        assertThatThrownBy(() -> engines.prepare(version, new Texts(List.of("a")))).isInstanceOf(UnsupportedInput.class);
        assertThat(upstream.requests).as("it is asked when the call runs").isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = { "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
            "169.254.169.254", "100.64.0.1", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1",
            "240.0.0.1", "255.255.255.255", "::1", "::", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "fd00::1",
            "fc12::1", "fe80::1", "fec0::1", "ff02::1", "64:ff9b::a00:1", "2002:7f00:1::", "2001::1", "2001:db8::1",
            "3fff::1" })
    void aHostNameThatLeadsIntoAPrivateNetworkIsNotAsked(String address) throws Exception {
        InetAddress found = InetAddress.getByName(address);
        assertThat(PublicInternet.contains(found)).isFalse();
        RemoteEndpoints remote = careful(
                _ -> new InetAddress[] { InetAddress.getByName("93.184.216.34"), found });
        assertThatThrownBy(() -> remote.tryOut(remote.endpoint("https://models.example.org/v1", "m"), Optional.of(SECRET),
                Task.CHAT)).isInstanceOf(WrongEndpoint.class).hasMessageContaining("private network");
    }

    @ParameterizedTest
    @ValueSource(strings = { "8.8.8.8", "93.184.216.34", "100.63.0.1", "172.32.0.1", "192.0.1.1", "2606:2800:220:1::1",
            "2a00:1450::1" })
    void anAddressOfTheInternetMayBeAsked(String address) throws Exception {
        assertThat(PublicInternet.contains(InetAddress.getByName(address))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = { "https://127.0.0.1/v1", "https://[::1]/v1", "https://[::ffff:10.0.0.1]/v1",
            "https://2130706433/v1",
            "https://localhost:8080/v1", "https://169.254.169.254/latest" })
    void anAddressInAPrivateNetworkIsNotAsked(String url) {
        RemoteEndpoints remote = careful(InetAddress::getAllByName);
        assertThatThrownBy(() -> remote.tryOut(remote.endpoint(url, "m"), Optional.empty(), Task.EMBEDDING))
                .isInstanceOf(WrongEndpoint.class).hasMessageContaining("private network");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            ''                                   | m  | no address
            models.example.org                   | m  | https://
            http://models.example.org/v1         | m  | https://
            file:///etc/passwd                   | m  | https://
            https:///v1                          | m  | no host
            https://models.example.org:99999/v1  | m  | no host
            https://user:pass@example.org/v1     | m  | secret in its own field
            https://example.org/v1?key=1         | m  | without ? and #
            https://example.org/v1/chat/completions | m | too far
            https://exa mple.org/v1              | m  | no URL
            https://example.org/v1               | '' | name
            """)
    void anEndpointThatCannotBeListedIsToldWhy(String url, String model, String says) {
        RemoteEndpoints remote = careful(InetAddress::getAllByName);
        assertThatThrownBy(() -> remote.endpoint(url, model)).isInstanceOf(WrongEndpoint.class).hasMessageContaining(says);
    }

    @Test
    void aTrialCallSaysWhatIsWrongOrWhatWasFound() {
        RemoteEndpoints remote = remote();
        FakeUpstream embedding = upstream((_, to) -> to.json(200, """
                {"data":[{"index":0,"embedding":[1,2,3]}],"usage":{"prompt_tokens":9}}"""));
        RemoteEndpoint good = remote.endpoint(embedding.url() + "/", "m");
        assertThat(remote.tryOut(good, Optional.empty(), Task.EMBEDDING))
                .isEqualTo(new RemoteEndpoints.Trial(new Usage(9, 0, 1, FinishReason.STOP), 3));
        assertThat(embedding.requests.getFirst().head()).doesNotContainIgnoringCase("authorization");
        assertThatThrownBy(() -> remote.tryOut(good, Optional.empty(), Task.CHAT)).hasMessageContaining("broke off");
        assertThatThrownBy(() -> remote.tryOut(good, Optional.empty(), Task.RERANK)).hasMessageContaining("rerank");
        assertThatThrownBy(() -> remote.tryOut(good, Optional.of("two\r\nlines"), Task.CHAT))
                .isInstanceOf(WrongEndpoint.class).hasMessageNotContaining("lines\r");
        try (var gone = Ports.refusing()) {
            RemoteEndpoint nobody = remote.endpoint("http://127.0.0.1:" + gone.port() + "/v1", "m");
            assertThatThrownBy(() -> remote.tryOut(nobody, Optional.empty(), Task.EMBEDDING))
                    .hasMessage("A trial call failed: the endpoint cannot be reached.");
        }
    }

    @Test
    void aCertificateOfTheEndpointsOwnMakingIsNotTrusted() throws Exception {
        Path keys = folder.resolve("keys.p12");
        assertThat(new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin/keytool").toString(), "-genkeypair",
                "-alias", "own", "-keyalg", "EC", "-dname", "CN=localhost", "-ext", "san=dns:localhost", "-keystore",
                keys.toString(), "-storepass", "changeit").inheritIO().start().waitFor()).isZero();
        var server = vertx.createHttpServer(new HttpServerOptions().setSsl(true)
                .setKeyCertOptions(new PfxOptions().setPath(keys.toString()).setPassword("changeit")))
                .requestHandler(request -> request.response().end("{}")).listen(0, "127.0.0.1").toCompletionStage()
                .toCompletableFuture().get(60, TimeUnit.SECONDS);
        open.add(() -> server.close().toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS));
        RemoteEndpoints remote = remote();
        assertThatThrownBy(() -> remote.tryOut(remote.endpoint("https://localhost:" + server.actualPort(), "m"),
                Optional.empty(), Task.EMBEDDING)).hasMessageContaining("no certificate that is valid");
    }
}
