package farthing.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import farthing.Ports;
import farthing.engine.Input.Prompt;
import farthing.engine.Input.Texts;
import farthing.engine.TextGenerationTest.Answer;
import farthing.web.Problem;

class EngineHostTest {

    static final String SECRET = "0123456789abcdef0123456789abcdef";

    @TempDir
    Path data;
    Models models;
    EngineHost host;
    Engines server;
    Loadable kjv;

    @BeforeEach
    void start() throws IOException {
        models = new Models(data.resolve("blobs"));
        kjv = models.kjv();
        // One call at a time: it shows when the host has ended one.
        host = host("tcp://127.0.0.1:0", Models.settings().withQueue(1, 0, Duration.ofSeconds(1)));
        server = server(host.address(), SECRET);
    }

    @AfterEach
    void stop() {
        server.close();
        host.close();
    }

    private EngineHost host(String listen, EngineSettings settings) throws IOException {
        var started = new EngineHost(HostAddress.of("FARTHING_ENGINE_LISTEN", listen, SECRET), models.blobs, settings);
        Thread.startVirtualThread(() -> {
            try {
                started.run();
            } catch (ClosedChannelException e) {
                // The test is over.
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        return started;
    }

    /** Has no models itself. */
    private Engines server(String url, String secret) throws IOException {
        return new Models(data.resolve("nothing")).engines(Models.settings(),
                HostAddress.of("FARTHING_ENGINE_URL", url, secret));
    }

    private Answer answer(Engines engines) {
        List<String> pieces = new ArrayList<>();
        try (Invocation call = engines.prepare(kjv, new Prompt("In the beginning"))) {
            return new Answer(pieces, call.generate(Generation.greedy(17), pieces::add));
        }
    }

    private ProcessHandle worker() {
        return ProcessHandle.of(host.engines().pid(kjv)).orElseThrow();
    }

    @Test
    void answersAsAWorkerOnThisMachineDoes() throws IOException {
        Answer far = answer(server);

        assertThat(far.text()).isEqualTo(TextGenerationTest.CONTINUATION);
        try (Engines here = models.engines(Models.settings(), Clock.systemUTC())) {
            assertThat(far).isEqualTo(answer(here));
        }
        awaitIdleHost();
        assertThatThrownBy(() -> server.prepare(kjv, new Prompt("begat ".repeat(300)))).isInstanceOf(InputTooLong.class);
        awaitIdleHost();
        assertThatThrownBy(() -> server.prepare(kjv, new Texts(List.of("Hello")))).isInstanceOf(UnsupportedInput.class);
    }

    @Test
    void aUnixSocketNeedsNoSecret() throws IOException {
        String url = "unix:" + data.resolve("host.sock");
        try (EngineHost _ = new EngineHost(HostAddress.of("FARTHING_ENGINE_LISTEN", url, ""), models.blobs,
                Models.settings())) {
            assertThatThrownBy(() -> HostAddress.of("FARTHING_ENGINE_LISTEN", "tcp://127.0.0.1:0", "short"))
                    .hasMessageContaining("FARTHING_ENGINE_SECRET");
        }
        try (EngineHost near = host(url, Models.settings()); Engines other = server(near.address(), SECRET)) {
            assertThat(answer(other).text()).isEqualTo(TextGenerationTest.CONTINUATION);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = { "worker:9090", "http://worker:9090", "tcp://worker", "unix", "tcp:// worker:1" })
    void anAddressThatIsNoneIsNamed(String url) {
        assertThatThrownBy(() -> HostAddress.of("FARTHING_ENGINE_URL", url, SECRET)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("FARTHING_ENGINE_URL").hasMessageContaining(url);
    }

    @Test
    void aServerWithAnotherSecretIsTurnedAway() throws IOException {
        try (Engines stranger = server(host.address(), SECRET.replace('0', '1'))) {
            assertThatThrownBy(() -> answer(stranger)).isInstanceOfSatisfying(Problem.class, e -> {
                assertThat(e.status()).isEqualTo(503);
                assertThat(e.code()).isEqualTo("engine_unavailable");
            }).hasMessageContaining("FARTHING_ENGINE_SECRET").hasMessageNotContaining(SECRET);
        }
        assertThat(host.engines().pid(kjv)).isEqualTo(-1);
    }

    @Test
    void aHostThatIsAwayIsNamedUntilItIsBack() throws IOException {
        String url = "tcp://127.0.0.1:" + Ports.free();
        host(url, Models.settings()).close();

        try (Engines far = server(url, SECRET)) {
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> answer(far)).isInstanceOf(EngineUnavailable.class).hasMessageContaining(url);
            }
            try (EngineHost _ = host(url, Models.settings())) {
                assertThat(answer(far).text()).isEqualTo(TextGenerationTest.CONTINUATION);
            }
        }
    }

    @Test
    void aDamagedFileIsNoticedAtTheHost() throws IOException {
        answer(server);
        Path file = models.blobs.path(kjv.files().model());
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        Files.delete(file);
        Files.write(file, bytes);

        assertThatThrownBy(() -> answer(server)).hasMessageContaining("artefact is damaged")
                .hasMessageContaining(kjv.files().model().hex());
    }

    @Test
    void aWorkerThatDiesFailsItsCallAndTheNextCallStartsAnother() {
        Throwable failure = null;
        // One that has written its whole answer before it dies fails nothing: then another is killed.
        for (int i = 0; i < 20 && failure == null; i++) {
            host.engines().discard(kjv);
            try (Invocation call = server.prepare(kjv, new Prompt("In the beginning"))) {
                ProcessHandle worker = worker();
                failure = catchThrowable(() -> call.generate(Generation.greedy(150), _ -> worker.destroyForcibly()));
            }
        }

        assertThat(failure).isInstanceOf(EngineFailed.class).hasMessageContaining("costs nothing");
        assertThat(soon(() -> answer(server)).text()).isEqualTo(TextGenerationTest.CONTINUATION);
    }

    @Test
    void aHostThatDiesFailsItsCallAndItsWorkersEnd() throws Exception {
        var java = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin/java").toString(), "-cp",
                System.getProperty("java.class.path"), EngineHost.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        java.environment().put("FARTHING_DATA", data.resolve("host").toString());
        java.environment().put("FARTHING_BLOBS_URL", data.resolve("blobs").toUri().toString());
        java.environment().put("FARTHING_ENGINE_LISTEN", "tcp://127.0.0.1:0");
        java.environment().put("FARTHING_ENGINE_SECRET", SECRET);
        java.environment().put("FARTHING_ENGINE_LOAD_TIME", "50s");
        Throwable failure = null;
        String url = "";
        // As above: one that has passed on its worker's whole answer fails nothing.
        for (int i = 0; i < 20 && failure == null; i++) {
            Process process = java.start();
            try (var out = process.inputReader()) {
                url = out.readLine().replaceFirst(".* ", "");
                try (Engines far = server(url, SECRET); Invocation call = far.prepare(kjv, new Prompt("In the beginning"))) {
                    List<ProcessHandle> workers = process.descendants().toList();
                    assertThat(workers).isNotEmpty();
                    failure = catchThrowable(() -> call.generate(Generation.greedy(150), _ -> process.destroyForcibly()));
                    for (ProcessHandle worker : workers) {
                        worker.onExit().get(60, TimeUnit.SECONDS);
                    }
                }
            } finally {
                process.destroyForcibly();
            }
        }

        assertThat(failure).isInstanceOf(EngineFailed.class).hasMessageContaining(url).hasMessageContaining("costs nothing");
    }

    @Test
    void closingCancelsAtTheHost() {
        // The host is told at once; that one of these is held up by chance says nothing else.
        assertThat(Stream.generate(this::closedUntilTheNext).limit(5)
                .anyMatch(took -> took.compareTo(Duration.ofMillis(500)) < 0)).isTrue();
    }

    /** Closes a call that generates. @return how long it then takes until the host's only place is another's */
    private Duration closedUntilTheNext() {
        Invocation call = soon(() -> server.prepare(kjv, new Prompt("In the beginning")));
        long[] closed = new long[1];
        Usage usage = call.generate(Generation.greedy(150), piece -> {
            if (piece.equals(",")) {
                closed[0] = System.nanoTime();
                call.close();
            }
        });

        assertThat(usage).isEqualTo(new Usage(8, 7, 1, FinishReason.CANCELLED));
        soon(() -> server.prepare(kjv, new Prompt("In the beginning"))).close();
        return Duration.ofNanos(System.nanoTime() - closed[0]);
    }

    @Test
    void whatNothingElseStopsIsKilledAtTheHost() throws Exception {
        answer(server);
        var end = worker().onExit();
        new RemoteWorker(server, HostAddress.of("FARTHING_ENGINE_URL", host.address(), SECRET), kjv).kill("it ran too long");

        end.get(60, TimeUnit.SECONDS);
    }

    @Test
    void whoSaysNonsenseIsCutOff() throws IOException {
        try (SocketChannel channel = HostAddress.of("FARTHING_ENGINE_URL", host.address(), SECRET).connect()) {
            Frame.write(channel, Frame.OPEN, out -> out.write(new byte[40]));
            assertThat(Frame.read(channel).type()).isEqualTo(Frame.REFUSED);
        }
        try (SocketChannel channel = HostAddress.of("FARTHING_ENGINE_URL", host.address(), SECRET).connect()) {
            Frame.write(channel, Frame.OPEN, out -> out.write(new byte[1 << 17]));
            assertThatThrownBy(() -> Frame.read(channel)).isInstanceOf(IOException.class);
        }
    }

    /** Until it has noticed that no call is left, so that its only place is free. */
    private void awaitIdleHost() {
        long start = System.nanoTime();
        while (host.engines().workers().stream().anyMatch(worker -> worker.busy() > 0)) {
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(60));
            Thread.onSpinWait();
        }
    }

    private interface Attempt<T> {
        T make();
    }

    /** The host learns a moment later that a call has ended. */
    private static <T> T soon(Attempt<T> attempt) {
        for (long start = System.nanoTime();; Thread.onSpinWait()) {
            try {
                return attempt.make();
            } catch (Problem e) {
                if (System.nanoTime() - start > Duration.ofSeconds(60).toNanos()) {
                    throw e;
                }
            }
        }
    }
}
