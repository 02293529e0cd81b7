package farthing.market;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;

import farthing.Ports;
import farthing.chain.SigningKey;

/** A server from the packaged jar, in a process group of its own. */
final class FarthingProcess implements AutoCloseable {

    static final HttpClient HTTP = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();

    private static final boolean FULL_SPEED = Boolean.getBoolean("farthing.full-speed");
    private static final Path JAR = Path.of("target/quarkus-app/quarkus-run.jar");
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    /** Those who wait and ask must not slow down what they wait for. */
    private static final Duration PAUSE = Duration.ofMillis(100);

    final int port;
    private final Path data;
    private final Path output;
    private final Process process;

    private FarthingProcess(Path data, int port, Path output, Process process) {
        this.data = data;
        this.port = port;
        this.output = output;
        this.process = process;
    }

    /** Starts a trial on a free port and waits until it can be called; in an empty folder it is one that was set up before. */
    static FarthingProcess ready(Path data) {
        return ready(data, Map.of());
    }

    static FarthingProcess ready(Path data, Map<String, String> settings) {
        if (!FULL_SPEED && !Files.exists(data.resolve("postgres"))) {
            Trial.copyTo(data);
        }
        FarthingProcess server = launch(data, settings);
        server.awaitReady();
        return server;
    }

    void awaitReady() {
        await("it to be ready", this::answers);
    }

    /** Starts it and waits for nothing. */
    static FarthingProcess launch(Path data, Map<String, String> settings) {
        return launch(data, settings, Trial.haste());
    }

    static FarthingProcess launch(Path data, Map<String, String> settings, List<String> options) {
        try {
            int port = Ports.free();
            Path output = Files.createTempFile("farthing", ".log");
            List<String> command = new ArrayList<>(List.of("setsid",
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx512m"));
            if (FULL_SPEED) {
                // As ./farthing run has it.
                command.addAll(List.of("@src/main/jvm/server.options", "-Xms512m"));
                Collections.addAll(command, System.getenv().getOrDefault("FARTHING_JAVA_OPTS", "-Xmx512m").split(" "));
            } else {
                // A server that lives for seconds is compiled longer than it runs.
                command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
                        "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
            }
            command.addAll(options);
            command.addAll(List.of("-jar", JAR.toString()));
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
            builder.environment().keySet().removeIf(name -> name.startsWith("FARTHING_"));
            builder.environment().put("FARTHING_PORT", Integer.toString(port));
            builder.environment().put("FARTHING_DATA", data.toString());
            builder.environment().putAll(settings);
            return new FarthingProcess(data, port, output, builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }

    /** What demo.env says. */
    Map<String, String> facts() {
        try {
            return Files.readAllLines(data.resolve("demo.env")).stream().map(line -> line.split("=", 2))
                    .collect(Collectors.toMap(parts -> parts[0], parts -> parts[1]));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The key of the trial's caller. */
    String apiKey() {
        return fact("FARTHING_API_KEY");
    }

    String fact(String name) {
        return Objects.requireNonNull(facts().get(name));
    }

    /** The wallet of one of the trial's people. */
    SigningKey demoWallet(String handle) {
        try {
            return SigningKey.ofHex(Files.readString(data.resolve("keys/demo-" + handle)).strip());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    HttpRequest.Builder call(String path, String body) {
        return call(path, body, apiKey());
    }

    HttpRequest.Builder call(String path, String body, String key) {
        return HttpRequest.newBuilder(uri(path)).timeout(Duration.ofSeconds(60)).header("Authorization", "Bearer " + key)
                .header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body));
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return HTTP.send(HttpRequest.newBuilder(uri(path)).timeout(Duration.ofSeconds(60)).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private boolean answers() {
        try {
            // demo.env is written last.
            return get("/q/health/ready").statusCode() == 200 && output().contains("Farthing is ready");
        } catch (IOException notYet) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    String output() {
        try {
            return Files.readString(output, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @param name without SIG */
    void signal(String name) {
        kill("-" + name, Long.toString(process.pid()));
    }

    /** SIGKILL for the server and everything that is in its group: its workers, not PostgreSQL, which leads its own. */
    void killGroup() {
        kill("-KILL", "--", "-" + process.pid());
        awaitExit();
    }

    /** SIGKILL for PostgreSQL, too, as in a power cut. */
    void killGroupAndDatabase() {
        ProcessHandle postmaster = postmaster();
        List<ProcessHandle> backends = postmaster.descendants().toList();
        killGroup();
        postmaster.destroyForcibly();
        backends.forEach(ProcessHandle::destroyForcibly);
        await("PostgreSQL to be gone", () -> !postmaster.isAlive() && backends.stream().noneMatch(ProcessHandle::isAlive));
    }

    long pid() {
        return process.pid();
    }

    ProcessHandle postmaster() {
        return ProcessHandle.of(Long.parseLong(postmasterFile().getFirst().strip())).orElseThrow();
    }

    private List<String> postmasterFile() {
        try {
            return Files.readAllLines(data.resolve("postgres/postmaster.pid"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Connection database() throws SQLException {
        int databasePort = Integer.parseInt(postmasterFile().get(3).strip());
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + databasePort + "/postgres", "postgres", "");
    }

    int awaitExit() {
        try {
            if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("the server did not end:\n" + output());
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Command lines of all living processes that work on this data folder. */
    List<String> processes() {
        List<String> found = new ArrayList<>();
        ProcessHandle.allProcesses().filter(p -> p.pid() != ProcessHandle.current().pid()).forEach(p -> {
            try {
                String line = Files.readString(Path.of("/proc", Long.toString(p.pid()), "cmdline")).replace('\0', ' ');
                if (line.contains(data.toString())) {
                    found.add(p.pid() + " " + line);
                }
            } catch (IOException e) {
                // It has ended meanwhile.
            }
        });
        return found;
    }

    /** Its workers end a moment after it. */
    void awaitGone() {
        await("all its processes to be gone", () -> processes().isEmpty());
    }

    /** Something that is asked again until it holds. */
    interface Condition {
        boolean holds() throws Exception;
    }

    void await(String what, Condition condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        AtomicReference<@Nullable IOException> last = new AtomicReference<>();
        while (!holds(condition, last)) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("waited in vain for " + what + "; it wrote:\n" + output(), last.get());
            }
            if (!process.isAlive() && !what.contains("gone")) {
                throw new AssertionError("it ended while waiting for " + what + "; it wrote:\n" + output());
            }
            try {
                Thread.sleep(PAUSE);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }
    }

    private static boolean holds(Condition condition, AtomicReference<@Nullable IOException> last) {
        try {
            last.set(null);
            return condition.holds();
        } catch (IOException notYet) {
            last.set(notYet);
            return false;
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    static void kill(String... arguments) {
        List<String> command = new ArrayList<>(List.of("kill"));
        command.addAll(List.of(arguments));
        try {
            new ProcessBuilder(command).inheritIO().start().waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        if (process.isAlive()) {
            signal("TERM");
            awaitExit();
        }
    }
}
