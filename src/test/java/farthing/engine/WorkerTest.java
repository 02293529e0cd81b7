package farthing.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import farthing.artefact.DamagedArtefact;
import farthing.artefact.Format;
import farthing.engine.Input.Prompt;
import farthing.engine.Input.Texts;

class WorkerTest {

    Instant now = Instant.parse("2026-01-01T00:00:00Z");
    Models models;
    Engines engines;

    class TestClock extends Clock {
        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneId.of("UTC");
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }

    @BeforeEach
    void start(@TempDir Path store) throws IOException {
        models = new Models(store);
        engines = models.engines(Models.settings(), new TestClock());
    }

    @AfterEach
    void stop() {
        engines.close();
    }

    private void speak(Loadable version) {
        try (Invocation call = engines.prepare(version, new Prompt("In the beginning"))) {
            assertThat(call.generate(Generation.greedy(5), _ -> {
            }).outputTokens()).isEqualTo(5);
        }
    }

    private ProcessHandle process(Loadable version) {
        return ProcessHandle.of(engines.pid(version)).orElseThrow();
    }

    @Test
    void aKilledWorkerFailsItsCallAndTheNextCallStartsAnother() throws IOException {
        Loadable kjv = models.kjv();
        Throwable failure = null;
        // One that has written its whole answer before it dies fails nothing: then another is killed.
        for (int i = 0; i < 20 && failure == null; i++) {
            engines.discard(kjv);
            try (Invocation call = engines.prepare(kjv, new Prompt("In the beginning"))) {
                ProcessHandle worker = process(kjv);
                failure = catchThrowable(() -> call.generate(Generation.greedy(150), _ -> worker.destroyForcibly()));
            }
        }

        assertThat(failure).isInstanceOf(EngineFailed.class).hasMessageContaining("code 137")
                .hasMessageContaining("costs nothing");
        assertThat(engines.workers()).extracting(Engines.Seen::failures).as("failures in a row").containsExactly(1);
        speak(kjv);
        assertThat(engines.workers()).extracting(Engines.Seen::failures).as("failures in a row").containsExactly(0);
    }

    @Test
    void oneDamagedModelHarmsNobodyElse() throws IOException {
        Loadable kjv = models.kjv();
        speak(kjv);
        long pid = engines.pid(kjv);
        byte[] gguf = Models.bytes("kjv/kjv-q8_0.gguf");
        byte[] onnx = Models.bytes("minilm-int8/all-minilm-l6-v2-q.onnx");
        // Deep in the weights' description, past what the header check looks at.
        Arrays.fill(gguf, 24, 600, (byte) 0x7f);
        Arrays.fill(onnx, 2000, 3000, (byte) 0x55);

        for (Loadable broken : List.of(models.broken(Format.ONNX, onnx), models.broken(Format.GGUF, truncated()))) {
            assertThatThrownBy(() -> engines.prepare(broken, new Prompt("a"))).isInstanceOf(EngineFailed.class)
                    .hasMessageContaining("cannot be loaded");
        }
        Loadable nonsense = models.broken(Format.GGUF, gguf);
        assertThatThrownBy(() -> engines.prepare(nonsense, new Prompt("a"))).isInstanceOf(DamagedArtefact.class);
        speak(kjv);
        assertThat(engines.pid(kjv)).isEqualTo(pid);
    }

    @Test
    void aModelThatMakesNativeCodeAbortEndsOnlyItsOwnWorker() throws IOException {
        byte[] gguf = Models.bytes("kjv/kjv-q8_0.gguf");
        setInt(gguf, "llama.block_count", 0);
        Loadable fatal = models.broken(Format.GGUF, gguf);

        assertThatThrownBy(() -> engines.prepare(fatal, new Prompt("a"))).isInstanceOf(EngineFailed.class)
                .hasMessageContaining("code 134");
        speak(models.kjv());
    }

    /** Changes the value of a 32-bit key of a GGUF header. */
    private static void setInt(byte[] gguf, String key, int value) {
        byte[] name = key.getBytes(StandardCharsets.UTF_8);
        int at = 0;
        while (!(Arrays.equals(gguf, at, at + name.length, name, 0, name.length) && gguf[at + name.length] == 4)) {
            at++;
        }
        ByteBuffer.wrap(gguf).order(ByteOrder.LITTLE_ENDIAN).putInt(at + name.length + 4, value);
    }

    private static byte[] truncated() throws IOException {
        byte[] gguf = Models.bytes("kjv/kjv-q8_0.gguf");
        return Arrays.copyOf(gguf, gguf.length - 1000);
    }

    @Test
    void anEngineThatKeepsFailingPausesLongerAndLonger() throws IOException {
        Loadable broken = models.broken(Format.GGUF, truncated());
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> engines.prepare(broken, new Prompt("a"))).isInstanceOf(EngineFailed.class);
        }

        assertThatThrownBy(() -> engines.prepare(broken, new Prompt("a"))).isInstanceOf(EngineUnavailable.class)
                .satisfies(e -> assertThat(((EngineUnavailable) e).retryAfter()).contains(Duration.ofSeconds(2)));
        assertThat(new EngineOperated(engines).concerns()).isEmpty();
        now = now.plusSeconds(2);
        assertThatThrownBy(() -> engines.prepare(broken, new Prompt("a"))).isInstanceOf(EngineFailed.class);
        assertThat(new EngineOperated(engines).concerns()).singleElement()
                .satisfies(concern -> assertThat(concern.what()).contains(broken.id() + " failed 3 times in a row"));
    }

    @Test
    void aFileChangedInTheStoreIsNoticedEvenWhileItsWorkerRuns() throws IOException {
        Loadable kjv = models.kjv();
        speak(kjv);
        Path file = models.blobs.path(kjv.files().model());
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        Files.delete(file);
        Files.write(file, bytes);

        assertThatThrownBy(() -> engines.prepare(kjv, new Prompt("a"))).isInstanceOf(DamagedArtefact.class)
                .hasMessageContaining("model file").hasMessageContaining(kjv.files().model().hex());
    }

    @Test
    void aWorkerIsConfined() throws IOException {
        Loadable kjv = models.kjv();
        speak(kjv);
        Path proc = Path.of("/proc/" + engines.pid(kjv));
        List<String> limits = Files.readAllLines(proc.resolve("limits"));

        assertThat(limits).anyMatch(line -> line.matches("Max file size +0 +0 .*"))
                .anyMatch(line -> line.matches("Max core file size +0 +0 .*"))
                .anyMatch(line -> line.matches("Max open files +1024 .*"))
                .anyMatch(line -> line.matches("Max data size +\\d+ +\\d+ .*"));
        assertThat(Files.readString(proc.resolve("environ"))).doesNotContain("PATH=").doesNotContain("HOME=");
        if (!Launch.isolation().isEmpty()) {
            assertThat(Files.readSymbolicLink(proc.resolve("ns/net")))
                    .isNotEqualTo(Files.readSymbolicLink(Path.of("/proc/self/ns/net")));
        }
    }

    @Test
    void aModelThatAsksForTooMuchMemoryEndsOnlyItsOwnWorker() throws IOException {
        Loadable greedy = models.broken(Format.ONNX, TinyOnnx.asking(14L << 30));

        assertThatThrownBy(() -> engines.prepare(greedy, new Texts(List.of("a"))).embed()).isInstanceOf(EngineFailed.class)
                .hasMessageContaining("Failed to allocate memory");
        speak(models.kjv());
    }

    @Test
    void theLeastUsedIdleWorkerMakesRoom(@TempDir Path store) throws Exception {
        Models own = new Models(store);
        Loadable kjv = own.kjv();
        Loadable other = own.kjv(PromptTemplate.NONE);
        try (Engines one = own.engines(Models.settings().withWorkers(1), Clock.systemUTC())) {
            Invocation running = one.prepare(kjv, new Prompt("a"));
            assertThatThrownBy(() -> one.prepare(other, new Prompt("a"))).isInstanceOf(EngineBusy.class);
            ProcessHandle first = ProcessHandle.of(one.pid(kjv)).orElseThrow();
            running.close();
            one.prepare(other, new Prompt("a")).close();
            assertThat(first.onExit().get(30, TimeUnit.SECONDS).isAlive()).isFalse();
        }
    }

    @Test
    void anUnusedWorkerIsStopped() throws Exception {
        Loadable kjv = models.kjv();
        speak(kjv);
        CompletableFuture<ProcessHandle> end = process(kjv).onExit();
        engines.stopIdle();
        assertThat(end).isNotDone();
        now = now.plus(Duration.ofHours(1));
        engines.stopIdle();

        end.get(30, TimeUnit.SECONDS);
        speak(kjv);
    }

    /** Stands for a server that is killed. */
    static final class Server {
        public static void main(String[] args) throws IOException {
            Models models = new Models(Path.of(args[0]));
            Engines engines = models.engines(Models.settings(), Clock.systemUTC());
            Loadable kjv = models.kjv();
            engines.prepare(kjv, new Prompt("a")).generate(Generation.greedy(1), _ -> {
            });
            System.out.println(engines.pid(kjv));
        }
    }

    @Test
    void workersEndWithTheirServerHoweverItEnds(@TempDir Path store) throws Exception {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin/java").toString(), "-cp",
                System.getProperty("java.class.path"), Server.class.getName(), store.toString()));
        Process server = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (var out = server.inputReader()) {
            ProcessHandle worker = ProcessHandle.of(Long.parseLong(out.readLine())).orElseThrow();
            var end = worker.onExit();
            server.destroyForcibly();

            end.get(60, TimeUnit.SECONDS);
        }
    }
}
