package farthing.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

import org.junit.jupiter.api.Test;

import farthing.Figure;
import farthing.blob.FileBlobs;
import farthing.engine.RemoteEndpoint;

/**
 * What a metered call costs: the packaged server with its PostgreSQL before an upstream that costs next to nothing, with nginx and
 * the Portkey gateway beside it. docs/benchmarks.md says how each figure is made. Settings are system properties:
 * {@code farthing.bench-seconds} (of each measurement) and {@code -only} (a pattern of {@code calls}, {@code chunks},
 * {@code streams}, {@code flood}).
 */
class MeteringBench {

    /** What a call waits for others by the writer's default. */
    private static final double LINGER_MS = 2;
    private static final int AT_ONCE = 64;
    /** By then the second compiler has seen what is called most. */
    private static final int WARM_CALLS = 60_000;
    /** Each of 25 frames: the second compiler looks at what was called ten thousand times. */
    private static final int WARM_STREAMS = 3_000;
    private static final int PEER_WARM_SECONDS = 10;
    /** The slowest of a hundred is seen in thousands only. */
    private static final int FLOOD_SECONDS = 30;
    private static final int STREAMS = 9_000;

    private final int seconds = Integer.getInteger("farthing.bench-seconds", 10);
    private final String only = System.getProperty("farthing.bench-only", "");
    private final long began = System.nanoTime();

    /** A key of the trial's caller and the database, as everything that is measured needs them. */
    private record Server(FarthingProcess process, Connection database, String key) implements AutoCloseable {

        long cpuMicros() {
            return Started.cpuMicros(process.pid(), false) + Started.cpuMicrosOfTree(process.postmaster());
        }

        long usages() throws SQLException {
            return number(database, "select count(*) from usage");
        }

        @Override
        public void close() throws SQLException {
            database.close();
            process.close();
        }
    }

    @Test
    void metering() throws Exception {
        Path folder = Files.createTempDirectory("farthing-bench");
        // nginx' workers may be of another user.
        assertThat(folder.toFile().setExecutable(true, false)).isTrue();
        try (Started upstream = Started.upstream()) {
            if (wanted("streams")) {
                try (Server server = server(folder.resolve("streams"), upstream, Map.of("FARTHING_REMOTE_PLACES", "20000"))) {
                    streams(server);
                }
            }
            if (wanted("calls") || wanted("chunks")) {
                try (Server server = server(folder.resolve("calls"), upstream, Map.of("FARTHING_REMOTE_PLACES", "1000"))) {
                    warm(farthing(folder, server));
                    rest(server);
                    if (wanted("calls")) {
                        calls(folder, server, upstream);
                    }
                    if (wanted("chunks")) {
                        chunks(server, upstream);
                    }
                    said(server);
                }
            }
            if (wanted("flood")) {
                try (Server server = server(folder.resolve("flood"), upstream, Map.of())) {
                    warm(farthing(folder, server));
                    rest(server);
                    flood(server);
                    said(server);
                }
            }
        } finally {
            delete(folder);
        }
    }

    private boolean wanted(String part) {
        return only.isEmpty() || part.matches(only);
    }

    private Server server(Path data, Started upstream, Map<String, String> settings) throws Exception {
        say("starting the server for %s", data.getFileName());
        Map<String, String> all = new HashMap<>(settings);
        all.put("FARTHING_REMOTE_ALLOW_PRIVATE", "true");
        FarthingProcess process = FarthingProcess.ready(data, all);
        try {
            Connection database = process.database();
            list(database, data, "mock", upstream, "");
            list(database, data, "mock-frames", upstream, "/frames/25/every/40");
            list(database, data, "mock-open", upstream, "/frames/30/every/2000");
            list(database, data, "mock-slow", upstream, "/after/20");
            int line = (int) number(database,
                    "select l.id from line l join account a on a.id = l.account where a.handle = 'robin' order by l.id limit 1");
            return new Server(process, database, Visitor.signedIn(process, process.demoWallet("robin")).key(line));
        } catch (Exception | Error e) {
            process.close();
            throw e;
        }
    }

    /** Lists the upstream as its developer would, without the trial call. */
    private static void list(Connection database, Path data, String name, Started upstream, String path)
            throws SQLException, IOException {
        byte[] descriptor = new RemoteEndpoint(URI.create("http://127.0.0.1:" + upstream.port + path + "/v1"), "m").descriptor();
        String digest = new FileBlobs(data.resolve("blobs")).put(new ByteArrayInputStream(descriptor)).hex();
        try (PreparedStatement insert = database.prepareStatement("""
                with listed as (
                    insert into model (owner_account, owner, name, task, purpose, card, created_at, updated_at)
                    select id, handle, ?, 'chat', 'Measures.', 'Made for a benchmark.', now(), now()
                    from account where handle = 'wren' returning id, owner_account),
                versioned as (
                    insert into version (model_id, label, engine, quantisation, parameters, size_bytes, context_tokens, licence,
                        attribution, prompt_template, pooling, normalise, split_developer, split_base_model, split_data_pool,
                        split_validators, split_platform, provenance, created_at, payee)
                    select l.id, '1', 'REMOTE', '?', 1, 1, 4096, 'MIT', 'By nobody.', 'MODEL', 'MEAN', false, 9000, 0, 0, 0, 1000,
                        'Made for a benchmark.', now(), a.wallet from listed l join account a on a.id = l.owner_account
                    returning id),
                filed as (
                    insert into version_file (version_id, role, sha256, size_bytes) select id, 'MODEL', ?, 1 from versioned)
                insert into offer (version_id, valid_from, per_million_input_tokens, per_million_output_tokens, per_call, per_item)
                select id, now(), 10000000, 40000000, 0, 0 from versioned"""
                // A question mark that is no parameter.
                .replace("'?'", "'??'"))) {
            insert.setString(1, name);
            insert.setString(2, digest);
            insert.executeUpdate();
        }
    }

    private static String body(String model, boolean stream) {
        return "{\"model\":\"wren/" + model + "\",\"messages\":[{\"role\":\"user\",\"content\":\"Where does the wren sit, and on what?\"}],"
                + "\"max_tokens\":64" + (stream ? ",\"stream\":true" : "") + "}";
    }

    private static Wrk farthing(Path folder, Server server) throws IOException {
        return new Wrk(folder, server.process.port,
                Map.of("Authorization", "Bearer " + server.key, "Content-Type", "application/json"), body("mock", false));
    }

    /** Until the server is as fast as it gets: its compilers work beside it on the same cores. */
    private void warm(Wrk wrk) throws IOException, InterruptedException {
        double best = 0;
        long calls = 0;
        for (int round = 0, better = 0; round < 30 && (calls < WARM_CALLS || round - better < 3); round++) {
            Wrk.Result result = wrk.run(AT_ONCE, 5);
            double now = result.perSecond();
            calls += result.calls();
            say("warming up: %.0f calls/s", now);
            if (now > best * 1.03) {
                better = round;
            }
            best = Math.max(best, now);
        }
    }

    /** Until what the warm-up left to do is done: its calls are settled and its rows written. */
    private void rest(Server server) throws SQLException {
        long usages = server.usages();
        for (int tries = 0; tries < 300; tries++) {
            if (number(server.database, "select coalesce(sum(receipts), 0) from batch") >= usages) {
                try (Statement statement = server.database.createStatement()) {
                    statement.execute("checkpoint");
                }
                say("%d calls of the warm-up are settled", usages);
                return;
            }
            LockSupport.parkNanos(300_000_000);
        }
        throw new AssertionError("the warm-up was not settled in 90 s");
    }

    // ---- calls -------------------------------------------------------------------------------------------------------------

    private record Load(double perSecond, double cpuMicros, Wrk.Result alone) {
    }

    private interface Cpu {
        long micros();
    }

    private void calls(Path folder, Server server, Started upstream) throws Exception {
        Map<String, String> json = Map.of("Content-Type", "application/json");
        Commits commits = commits(server.database);
        double commit = commits.p50Millis;
        Wrk.Result direct = new Wrk(folder, upstream.port, json, body("mock", false)).run(1, Math.max(2, seconds / 2));
        say("direct: p50 %.3f ms; one commit p50 %.3f p99 %.3f ms", direct.p50Millis(), commit, commits.p99Millis);
        long before = server.usages();
        Load farthing = load(farthing(folder, server), "farthing", server::cpuMicros);
        long charged = server.usages() - before;
        say("farthing charged %d calls", charged);
        Load nginx;
        try (Started program = Started.nginx(folder.resolve("nginx"), upstream.port)) {
            nginx = load(new Wrk(folder, program.port, json, body("mock", false)), "nginx", program::cpuMicros);
        }
        Load portkey;
        try (Started program = Started.portkey()) {
            Wrk wrk = new Wrk(folder, program.port,
                    Map.of("Content-Type", "application/json", "Authorization", "Bearer sk-mock", "x-portkey-provider", "openai",
                            "x-portkey-custom-host", "http://127.0.0.1:" + upstream.port + "/v1"),
                    body("mock", false));
            wrk.run(AT_ONCE, PEER_WARM_SECONDS);
            portkey = load(wrk, "portkey", program::cpuMicros);
        }
        Figure.of("metering.cpu_us_per_call", farthing.cpuMicros, "us").target(Math.min(400, 0.3 * portkey.cpuMicros))
                .peer("nginx", nginx.cpuMicros).peer("portkey", portkey.cpuMicros).print();
        Figure.of("metering.added_p50_ms", farthing.alone.p50Millis() - direct.p50Millis(), "ms").target(0.6 + LINGER_MS + commit)
                .peer("nginx", nginx.alone.p50Millis() - direct.p50Millis())
                .peer("portkey", portkey.alone.p50Millis() - direct.p50Millis()).with("commit_ms", commit).print();
        Figure.of("metering.added_p99_ms", farthing.alone.p99Millis() - direct.p99Millis(), "ms").target(8)
                .peer("nginx", nginx.alone.p99Millis() - direct.p99Millis())
                .peer("portkey", portkey.alone.p99Millis() - direct.p99Millis()).with("commit_p99_ms", commits.p99Millis).print();
        Figure.of("metering.requests_per_s", farthing.perSecond, "1/s").target(Math.max(2500, 3 * portkey.perSecond))
                .peer("nginx", nginx.perSecond).peer("portkey", portkey.perSecond).print();
    }

    private Load load(Wrk wrk, String name, Cpu cpu) throws IOException, InterruptedException {
        Wrk.Result alone = wrk.run(1, seconds);
        long cpuBefore = cpu.micros();
        Wrk.Result many = wrk.run(AT_ONCE, seconds);
        double micros = (cpu.micros() - cpuBefore) / (double) many.calls();
        say("%s: %.0f calls/s, %.0f us of CPU each, p50 %.2f p99 %.2f ms; alone p50 %.3f p99 %.3f ms; refused %d, broken %d", name,
                many.perSecond(), micros, many.p50Millis(), many.p99Millis(), alone.p50Millis(), alone.p99Millis(),
                alone.refused() + many.refused(), alone.broken() + many.broken());
        return new Load(many.perSecond(), micros, alone);
    }

    /** Of one client's small transactions. */
    private record Commits(double p50Millis, double p99Millis) {
    }

    private static Commits commits(Connection database) throws SQLException {
        int rounds = 2_000;
        long[] took = new long[rounds];
        try (Statement statement = database.createStatement()) {
            statement.execute("create table if not exists bench_commit (n integer, bytes bytea)");
            try (PreparedStatement insert = database.prepareStatement("insert into bench_commit values (?, ?)")) {
                for (int i = 0; i < rounds; i++) {
                    insert.setInt(1, i);
                    insert.setBytes(2, new byte[200]);
                    long start = System.nanoTime();
                    insert.executeUpdate();
                    took[i] = System.nanoTime() - start;
                }
            }
        }
        Arrays.sort(took);
        return new Commits(took[rounds / 2] / 1e6, took[rounds * 99 / 100] / 1e6);
    }

    // ---- streams -----------------------------------------------------------------------------------------------------------

    /** About twenty streams at once, of 25 frames a second each. */
    private void chunks(Server server, Started upstream) throws IOException {
        int perSecond = 20;
        OpenLoop.Calls through;
        OpenLoop.Calls direct;
        say("warming up with %d streams", WARM_STREAMS);
        try (OpenLoop loop = new OpenLoop(server.process.port)) {
            loop.add("/v1/chat/completions", server.key, body("mock-frames", true), 150, WARM_STREAMS, 25);
            loop.run(Duration.ofSeconds(60));
        }
        try (OpenLoop loop = new OpenLoop(upstream.port)) {
            direct = loop.add("/frames/25/every/40/v1/chat/completions", server.key, body("mock-frames", true), perSecond,
                    perSecond * seconds, 25);
            loop.run(Duration.ofSeconds(60L + seconds));
        }
        try (OpenLoop loop = new OpenLoop(server.process.port)) {
            through = loop.add("/v1/chat/completions", server.key, body("mock-frames", true), perSecond, perSecond * seconds, 25);
            loop.run(Duration.ofSeconds(60L + seconds));
        }
        for (OpenLoop.Calls calls : new OpenLoop.Calls[] { direct, through }) {
            say("streams: answered %d, refused %d, broken %d, wrong frames %d; first p50 %.3f p99 %.3f ms, chunk p50 %.3f p99 %.3f ms",
                    calls.answered(), calls.refused(), calls.broken(), calls.wrongFrames(), calls.firstMillis(50),
                    calls.firstMillis(99), calls.chunkMillis(50), calls.chunkMillis(99));
        }
        Figure.of("metering.added_ttft_ms", through.firstMillis(50) - direct.firstMillis(50), "ms").target(1)
                .with("direct", direct.firstMillis(50)).with("p99", through.firstMillis(99)).print();
        Figure.of("metering.added_chunk_p99_ms", through.chunkMillis(99) - direct.chunkMillis(99), "ms").target(1)
                .with("direct", direct.chunkMillis(99)).with("p50", through.chunkMillis(50)).print();
    }

    private void streams(Server server) throws Exception {
        say("warming up with a tenth of the streams");
        try (OpenLoop loop = new OpenLoop(server.process.port)) {
            loop.add("/v1/chat/completions", server.key, body("mock-frames", true), 150, STREAMS / 10, 25);
            loop.run(Duration.ofSeconds(60));
        }
        long before = Started.residentKb(server.process.pid());
        say("opening %d streams; %d MB resident", STREAMS, before / 1024);
        long[] most = { 0, 0 };
        OpenLoop.Calls calls;
        try (OpenLoop loop = new OpenLoop(server.process.port)) {
            calls = loop.add("/v1/chat/completions", server.key, body("mock-open", true), 250, STREAMS, 30);
            OpenLoop.Calls watched = calls;
            Thread watch = Thread.ofPlatform().daemon().start(() -> {
                while (!Thread.currentThread().isInterrupted()) {
                    long open = watched.open();
                    most[1] = Math.max(most[1], open == 0 ? 0 : Started.residentKb(server.process.pid()));
                    most[0] = Math.max(most[0], open);
                    LockSupport.parkNanos(250_000_000);
                }
            });
            loop.run(Duration.ofSeconds(180));
            watch.interrupt();
            watch.join();
        }
        double each = (most[1] - before) / (double) STREAMS;
        say("answered %d, refused %d, broken %d, wrong frames %d of %d; most open %d; %d MB resident", calls.answered(),
                calls.refused(), calls.broken(), calls.wrongFrames(), calls.framesSeen(), most[0], most[1] / 1024);
        say("chunk p50 %.2f p99 %.2f ms", calls.chunkMillis(50), calls.chunkMillis(99));
        Figure.of("metering.open_streams", most[0], "streams").target(STREAMS).with("answered", calls.answered())
                .with("lost_frames", calls.wrongFrames()).with("broken", calls.broken() + calls.refused()).print();
        Figure.of("metering.stream_kb", each, "KB").target(40).print();
        said(server);
    }

    // ---- one key floods ----------------------------------------------------------------------------------------------------

    /** The model has 16 places and takes 20 ms for a call: 800 calls a second, which the flood alone wants. */
    private void flood(Server server) throws Exception {
        int victims = 40;
        String other;
        {
            int line = (int) number(server.database,
                    "select l.id from line l join account a on a.id = l.account where a.handle = 'robin' order by l.id limit 1");
            other = Visitor.signedIn(server.process, server.process.demoWallet("robin")).key(line);
        }
        int seconds = Math.max(FLOOD_SECONDS, this.seconds);
        // How calls wait in turn and are refused has to be compiled, too.
        try (OpenLoop loop = new OpenLoop(server.process.port)) {
            loop.add("/v1/chat/completions", server.key, body("mock-slow", false), victims, victims * FLOOD_SECONDS, 0);
            loop.add("/v1/chat/completions", other, body("mock-slow", false), 20 * victims, 20 * victims * FLOOD_SECONDS, 0);
            loop.run(Duration.ofSeconds(60L + FLOOD_SECONDS));
        }
        Commits commits = commits(server.database);
        double alone;
        OpenLoop.Calls victim;
        try (OpenLoop loop = new OpenLoop(server.process.port)) {
            victim = loop.add("/v1/chat/completions", server.key, body("mock-slow", false), victims, victims * seconds, 0);
            loop.run(Duration.ofSeconds(60L + seconds));
            alone = victim.wholeMillis(99);
            say("victim alone: answered %d, p50 %.2f p99 %.2f ms", victim.answered(), victim.wholeMillis(50), alone);
        }
        OpenLoop.Calls flood;
        try (OpenLoop loop = new OpenLoop(server.process.port)) {
            victim = loop.add("/v1/chat/completions", server.key, body("mock-slow", false), victims, victims * seconds, 0);
            flood = loop.add("/v1/chat/completions", other, body("mock-slow", false), 20 * victims, 20 * victims * seconds, 0);
            loop.run(Duration.ofSeconds(60L + seconds));
        }
        say("victim in the flood: answered %d, refused %d, broken %d, p50 %.2f p99 %.2f ms; flood: answered %d, refused %d, broken %d, p50 %.2f ms",
                victim.answered(), victim.refused(), victim.broken(), victim.wholeMillis(50), victim.wholeMillis(99),
                flood.answered(), flood.refused(), flood.broken(), flood.wholeMillis(50));
        Figure.of("metering.flood_p99_ratio", victim.wholeMillis(99) / alone, "ratio").target(1.5).with("alone_ms", alone)
                .with("commit_p99_ms", commits.p99Millis).with("generator_late_p99_ms", victim.lateMillis(99))
                .with("victim_refused", victim.refused() + victim.broken()).with("flood_refused", flood.refused()).print();
    }

    // ------------------------------------------------------------------------------------------------------------------------

    private static long number(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement(); ResultSet row = statement.executeQuery(query)) {
            assertThat(row.next()).as(query).isTrue();
            return row.getLong(1);
        }
    }

    private void said(Server server) {
        String output = server.process.output();
        say("the server's last words: %s", output.substring(Math.max(0, output.length() - 1500)));
    }

    private void say(String format, Object... values) {
        System.err.printf(Locale.ROOT, "# %4d s  " + format + "%n", concat(Duration.ofNanos(System.nanoTime() - began).toSeconds(),
                values));
    }

    private static Object[] concat(Object first, Object[] others) {
        Object[] all = new Object[others.length + 1];
        all[0] = first;
        System.arraycopy(others, 0, all, 1, others.length);
        return all;
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.delete(file);
            }
        }
    }
}
