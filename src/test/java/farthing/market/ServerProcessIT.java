package farthing.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import farthing.FakeUpstream;
import farthing.MoneyOracle;
import farthing.Ports;

/** Starting and ending, as a process of its own. */
// The long ones first.
@Order(5)
class ServerProcessIT {

    private static final String CALL = """
            {"model": "wren/langdetect", "input": "Ein kurzer Satz."}""";

    private final Path folder;
    private final Ports.Refusing nobody = Ports.refusing();

    ServerProcessIT(@TempDir Path folder) {
        this.folder = folder;
    }

    @AfterEach
    void close() {
        nobody.close();
    }

    @Test
    void endsCleanlyAndARestartFindsAllData() throws Exception {
        String key;
        String receipt;
        String models;
        try (FarthingProcess server = FarthingProcess.ready(folder)) {
            key = server.apiKey();
            assertThat(server.get("/").body()).contains("No call has been paid yet");
            HttpResponse<String> answer = FarthingProcess.HTTP.send(server.call("/v1/classify", CALL).build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            receipt = answer.headers().firstValue("Farthing-Receipt").orElseThrow();
            models = server.get("/v1/models").body();

            server.signal("TERM");

            assertThat(server.awaitExit()).isEqualTo(143);
            server.awaitGone();
        }
        try (FarthingProcess server = FarthingProcess.ready(folder)) {
            assertThat(server.apiKey()).isEqualTo(key);
            assertThat(server.get("/v1/models").body()).isEqualTo(models);
            assertThat(server.get("/v1/receipts/" + receipt).statusCode()).isEqualTo(200);
            assertThat(server.get("/").body()).contains("The last paid call");
            assertThat(verified(server.uri("/v1/receipts/" + receipt).toString(), key)).contains("body hashed", "proved")
                    .doesNotContain("WRONG", "NOT");

            server.signal("INT");

            assertThat(server.awaitExit()).isEqualTo(130);
            server.awaitGone();
        }
    }

    /** What {@code ./farthing verify} says as the payer. */
    private static String verified(String receipt, String key) throws Exception {
        Path app = Path.of("target/quarkus-app");
        ProcessBuilder verify = new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(), "-cp",
                app.resolve("app/*") + ":" + app.resolve("lib/main/*") + ":" + app.resolve("lib/boot/*"),
                "farthing.receipt.Verify",
                receipt).redirectErrorStream(true);
        verify.environment().put("FARTHING_API_KEY", key);
        Process process = verify.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        return said;
    }

    @Test
    void aStreamThatOutlastsTheStopIsToldSoAndFree() throws Exception {
        AtomicBoolean endless = new AtomicBoolean();
        Map<String, String> settings = Map.of("FARTHING_REMOTE_ALLOW_PRIVATE", "true");
        String body = """
                {"model": "wren/mock", "messages": [{"role": "user", "content": "Go on"}], "max_tokens": 1000, "stream": true}""";
        try (var upstream = new FakeUpstream((_, to) -> {
            to.stream().text("well ");
            while (endless.get()) {
                to.text("well ");
                pause();
            }
            to.finish("stop").usage(1, 2).done();
        })) {
            String receipt;
            try (FarthingProcess server = FarthingProcess.ready(folder, settings)) {
                MockModel.publish(server, server.demoWallet("wren"), upstream.url());
                endless.set(true);
                HttpResponse<InputStream> answer = FarthingProcess.HTTP.send(
                        server.call("/v1/chat/completions", body).header("Idempotency-Key", "stop").build(),
                        HttpResponse.BodyHandlers.ofInputStream());
                receipt = answer.headers().firstValue("Farthing-Receipt").orElseThrow();

                server.signal("TERM");

                String said = new String(answer.body().readAllBytes(), StandardCharsets.UTF_8);
                assertThat(said.lines().filter(line -> !line.isEmpty()).toList().getLast()).contains("server_stopping");
                assertThat(server.awaitExit()).isEqualTo(143);
                assertThat(server.output()).doesNotContain("Timed out waiting for graceful shutdown");
            }
            endless.set(false);
            try (FarthingProcess server = FarthingProcess.ready(folder, settings); Connection database = server.database()) {
                assertThat(server.get("/v1/receipts/" + receipt).statusCode()).isEqualTo(404);
                HttpResponse<String> again = FarthingProcess.HTTP.send(
                        server.call("/v1/chat/completions", body).header("Idempotency-Key", "stop").build(),
                        HttpResponse.BodyHandlers.ofString());
                assertThat(again.body()).contains("[DONE]");
                assertThat(again.headers().firstValue("Idempotent-Replayed")).isEmpty();
                MoneyOracle oracle = new MoneyOracle(database);
                oracle.assertBooksBalance();
                assertThat(oracle.charges()).isEqualTo(2);
            }
        }
    }

    private static void pause() {
        try {
            Thread.sleep(100);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void aSignalWhilePostgresStartsLeavesNothingBehind() {
        try (FarthingProcess server = FarthingProcess.launch(folder, Map.of())) {
            server.await("PostgreSQL to be starting", () -> server.output().contains("starting PostgreSQL"));

            server.signal("TERM");

            assertThat(server.awaitExit()).isEqualTo(143);
            server.awaitGone();
        }
    }

    @Test
    void startsOnWhatAKilledServerLeftBehind() throws Exception {
        try (FarthingProcess killed = FarthingProcess.ready(folder)) {
            FarthingProcess.HTTP.send(killed.call("/v1/classify", CALL).build(), HttpResponse.BodyHandlers.discarding());

            killed.signal("KILL");
            killed.awaitExit();

            killed.await("its workers to be gone", () -> killed.processes().stream()
                    .allMatch(p -> p.contains("postgres") || p.contains("anvil")));
        }
        try (FarthingProcess server = FarthingProcess.ready(folder)) {
            assertThat(server.output()).contains("stopping the PostgreSQL that an ended server left behind",
                    "stopped the chain that an ended server left behind");
        }
    }

    @Test
    void aDatabaseThatWasNeverFinishedIsMadeAnew() throws Exception {
        Files.createDirectories(folder.resolve("postgres"));
        Files.writeString(folder.resolve("postgres/PG_VERSION"), "18\n");

        try (FarthingProcess server = FarthingProcess.ready(folder)) {
            assertThat(server.get("/v1/models").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void aSecondServerOnTheSameFolderIsRefused() {
        try (FarthingProcess first = FarthingProcess.ready(folder)) {
            assertRefused(Map.of(), "another server already runs on the data folder " + folder);
            assertThat(first.processes()).isNotEmpty();
        }
    }

    @Test
    void aPortInUseIsNamed() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertRefused(Map.of("FARTHING_PORT", Integer.toString(taken.getLocalPort())),
                    "port " + taken.getLocalPort() + " on 127.0.0.1 is in use");
        }
    }

    @Test
    void aFolderThatCannotBeWrittenIsNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");

        assertRefused(Map.of("FARTHING_DATA", file.resolve("data").toString()), "the data folder " + file);
    }

    @Test
    void aBadPortIsNamed() {
        assertRefused(Map.of("FARTHING_PORT", "http"), "FARTHING_PORT is 'http'");
    }

    @Test
    void productionSaysWhatIsMissing() {
        assertRefused(Map.of("FARTHING_MODE", "production"), "these settings are missing: FARTHING_DATABASE_URL");
    }

    @Test
    void productionRefusesAKeyThatEverybodyHas() throws IOException {
        assertRefused(
                production("FARTHING_SIGNER_KEY", "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"),
                "FARTHING_SIGNER_KEY is a well-known test key");
    }

    @Test
    void aDatabaseThatDoesNotAnswerIsNamed() throws IOException {
        assertRefused(production("FARTHING_MODE", "production"), "the database at FARTHING_DATABASE_URL does not let us in");
    }

    /** Complete but for a database behind its address. */
    private Map<String, String> production(String name, String value) throws IOException {
        Map<String, String> settings = new HashMap<>(Map.of("FARTHING_MODE", "production", "FARTHING_DATABASE_URL",
                "jdbc:postgresql://127.0.0.1:" + nobody.port() + "/farthing", "FARTHING_DATABASE_USER", "farthing",
                "FARTHING_DATABASE_PASSWORD", "secret", "FARTHING_BLOBS_URL", "s3://models?region=eu-central-1",
                "FARTHING_PUBLIC_URL", "https://models.example.org",
                "FARTHING_CHAIN_ID", "8453", "FARTHING_SIGNER_KEY",
                "0x00000000000000000000000000000000000000000000000000000000000f00d5", "FARTHING_SESSION_SECRET",
                "0123456789abcdef0123456789abcdef"));
        settings.put("FARTHING_CHAIN_RPC_URL", "http://127.0.0.1:" + nobody.port());
        settings.put("FARTHING_OPERATOR_KEY", "0x00000000000000000000000000000000000000000000000000000000000f00d6");
        for (String contract : List.of("FARTHING_VAULT", "FARTHING_TOKEN", "FARTHING_REGISTRY", "FARTHING_PLATFORM_PAYEE")) {
            settings.put(contract, "0x00000000000000000000000000000000000fa401");
        }
        settings.put(name, value);
        return settings;
    }

    private void assertRefused(Map<String, String> settings, String words) {
        try (FarthingProcess refused = FarthingProcess.launch(folder, settings)) {
            assertThat(refused.awaitExit()).isEqualTo(1);
            assertThat(refused.output()).startsWith("farthing: ").contains(words).hasLineCount(1);
        }
    }
}
