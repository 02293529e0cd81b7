package farthing.market;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

import farthing.FakeUpstream;
import farthing.MoneyOracle;
import farthing.chain.Deployment;
import farthing.chain.EmbeddedChain;
import farthing.chain.SigningKey;
import farthing.chain.Wallet;
import farthing.identity.Demo;
import farthing.web.KeyFolder;

/**
 * Two packaged servers on one PostgreSQL, one chain, one folder of blobs and one mock model, each with a way of its own to the
 * database.
 */
final class TwoServers implements AutoCloseable {

    static final Duration PATIENCE = Duration.ofSeconds(90);

    /** What keeps tests from waiting: all of it only makes faults meet more transactions. */
    private static final Map<String, String> HASTE = Map.of("FARTHING_SETTLEMENT_EVERY", "2s", "FARTHING_SETTLEMENT_AGE", "1s",
            "FARTHING_METERING_IDLE", "2s", "FARTHING_METERING_DEAD_AFTER", "6s", "FARTHING_METERING_DOUBTED", "30s",
            "FARTHING_METERING_LEASE_CHUNK", "1000000",
            "FARTHING_REMOTE_ALLOW_PRIVATE", "true", "FARTHING_REMOTE_PLACES", "128",
            "FARTHING_ENGINE_QUEUE", "256");

    final PostgresServer postgres;
    static final String MODEL = "wren/mock";

    final MockModel mock = new MockModel();
    final Wallet payer;
    final List<DatabaseWay> ways = new ArrayList<>();
    private final Path folder;
    private final EmbeddedChain chain;
    private final FakeUpstream upstream;
    private final Map<Integer, FarthingProcess> servers = new HashMap<>();
    private final Map<String, String> settings;

    /** @param data of PostgreSQL */
    TwoServers(Path folder, Path data, Map<String, String> more) {
        this.folder = folder;
        KeyFolder keys = KeyFolder.ofTrial(folder);
        postgres = new PostgresServer(folder, data);
        chain = EmbeddedChain.start(EmbeddedChain.binary(Path.of("src/main/native/node_modules")), folder.resolve("chain"),
                new EmbeddedChain.Keys(key(keys, "chain-deployer"), key(keys, "operator"), key(keys, "chain-guardian"),
                        key(keys, "chain-cold"), Demo.wallets(keys)),
                said -> {
                });
        upstream = new FakeUpstream(mock);
        Deployment deployment = chain.deployment();
        settings = new HashMap<>(HASTE);
        // Whoever is merely slow fails no call.
        settings.put("FARTHING_METERING_RECALL_PATIENCE", "20s");
        settings.put("FARTHING_REMOTE_SILENCE", "10s");
        settings.put("FARTHING_CHAIN_ID", Long.toString(deployment.chainId()));
        settings.put("FARTHING_CHAIN_RPC_URL", deployment.rpc().toString());
        settings.put("FARTHING_VAULT", deployment.vault().text());
        settings.put("FARTHING_TOKEN", deployment.token().text());
        settings.put("FARTHING_REGISTRY", deployment.registry().text());
        settings.put("FARTHING_OPERATOR_KEY", key(keys, "operator").secretHex());
        settings.put("FARTHING_BLOBS_URL", folder.resolve("blobs").toUri().toString());
        settings.putAll(more);
        Map<String, String> facts = new HashMap<>(settings);
        facts.put("FARTHING_RPC_URL", deployment.rpc().toString());
        payer = Wallet.fresh(facts);
        for (int i = 0; i < 2; i++) {
            ways.add(new DatabaseWay(postgres.port));
        }
    }

    /** Both, the first one first: it makes the tables and lists the models. */
    void start() throws Exception {
        copyKeys(folder, data(0));
        startAgain(0, Map.of());
        // Its caller's first deposit becomes final.
        server(0).await("it to be ready", () -> {
            EmbeddedChain.finalizeNow(chain.deployment().rpc());
            return answers(server(0));
        });
        copyKeys(data(0), data(1));
        startAgain(1, Map.of());
        listMock();
        awaitAnswer(1);
    }

    private static SigningKey key(KeyFolder folder, String name) {
        return SigningKey.ofHex(folder.get(name, () -> SigningKey.generate(new SecureRandom()).secretHex()));
    }

    private Path data(int server) {
        return folder.resolve("server-" + server);
    }

    /** Servers of one site have the same secrets. */
    private static void copyKeys(Path from, Path to) throws IOException {
        Files.createDirectories(to.resolve("keys"));
        try (Stream<Path> keys = Files.list(from.resolve("keys"))) {
            for (Path key : keys.toList()) {
                Files.copy(key, to.resolve("keys").resolve(key.getFileName()));
            }
        }
    }

    FarthingProcess launch(int server, Map<String, String> more) {
        Map<String, String> its = new HashMap<>(settings);
        its.put("FARTHING_DATABASE_URL", postgres.url(ways.get(server).port));
        its.put("JAVA_TOOL_OPTIONS", WrongClock.agent(folder, clockFile(server)));
        its.putAll(more);
        // An agent makes a JVM another one than that which learned how to start.
        return FarthingProcess.launch(data(server), its, List.of());
    }

    private Path clockFile(int server) {
        return folder.resolve("clock-" + server);
    }

    /** From within a second on that server's clock is wrong by so much. */
    void clock(int server, Duration wrong) throws IOException {
        Files.writeString(clockFile(server), wrong.toString());
    }

    /** By each of them, once at least. */
    void awaitWritten(String warning) {
        servers.values().forEach(each -> each.await(warning, () -> each.output().contains(warning)));
    }

    private static boolean answers(FarthingProcess server) throws InterruptedException {
        try {
            return server.get("/q/health/ready").statusCode() == 200 && server.output().contains("Farthing is ready");
        } catch (IOException notYet) {
            return false;
        }
    }

    FarthingProcess server(int server) {
        return Objects.requireNonNull(servers.get(server));
    }

    URI uri(int server) {
        return server(server).uri("/");
    }

    /** In place of one that has ended; it may not answer yet. */
    void startAgain(int server, Map<String, String> more) {
        servers.put(server, launch(server, more));
    }

    void awaitAnswer(int server) {
        server(server).await("it to be ready", () -> answers(server(server)));
    }

    /** A line of the payer with that much to spend, in micro-units, that the servers know of. */
    int line(long micros) throws Exception {
        int line = payer.openLine(micros, micros);
        awaitSpendable(line, micros * 1000);
        return line;
    }

    void awaitSpendable(int line, long nanos) throws Exception {
        try (Connection database = postgres.connect()) {
            MoneyOracle oracle = new MoneyOracle(database);
            payer.mine(8);
            server(0).await("the deposit to be booked",
                    () -> oracle.balance("line:" + line) + oracle.balance("leased:" + line) == nanos);
        }
    }

    /** A new key on the payer's line. */
    Journal.Key key(int line) throws Exception {
        return key(line, Map.of());
    }

    /** One with every limit, none of which its calls reach: each server holds a part of what the key may spend. */
    Journal.Key limitedKey(int line) throws Exception {
        return key(line,
                Map.of("total", "5000", "daily", "4000", "requests", "100000", "tokens", "100000000", "streams", "900"));
    }

    private Journal.Key key(int line, Map<String, String> limits) throws Exception {
        String secret = Visitor.signedIn(server(0), payer.key()).key(line, limits);
        try (Connection database = postgres.connect()) {
            return new Journal.Key(new MoneyOracle(database).number("select max(id) from api_key"), secret,
                    new AtomicInteger(1_000));
        }
    }

    private void listMock() throws Exception {
        SigningKey wren = SigningKey.ofHex(Files.readString(data(0).resolve("keys/demo-wren")).strip());
        MockModel.publish(server(0), wren, upstream.url());
    }

    long chargedBefore(Instant moment) throws SQLException {
        try (Connection database = postgres.connect()) {
            return new MoneyOracle(database).number("select count(*) from usage where charged_at < '" + moment + "'");
        }
    }

    /** By more than a server can take to charge. */
    long chargedAhead() throws SQLException {
        try (Connection database = postgres.connect()) {
            return new MoneyOracle(database)
                    .number("select count(*) from usage where charged_at > clock_timestamp() + interval '2 seconds'");
        }
    }

    /** The invariants that hold at any moment, calls under way or not. */
    void check(Journal journal) throws SQLException {
        try (Connection database = postgres.connect()) {
            journal.assertAgreesWith(database, false);
            new MoneyOracle(database).assertBooksBalance();
        }
    }

    /** All seven but those of the chain, once nobody calls any more. */
    void checkQuiet(Journal journal) throws SQLException {
        try (Connection database = postgres.connect()) {
            MoneyOracle oracle = new MoneyOracle(database);
            server(0).await("every hold to end", oracle::everyHoldEnded);
            journal.assertAgreesWith(database, true);
            oracle.assertBooksBalance();
        }
    }

    /** All seven, once everything is settled for good. */
    void checkSettled(Journal journal) throws Exception {
        checkQuiet(journal);
        try (Connection database = postgres.connect()) {
            MoneyOracle oracle = new MoneyOracle(database);
            Published published = new Published(server(0));
            server(0).await("everything to be settled for good", () -> published.isFinal(() -> oracle.unsettled() == 0, payer));
            oracle.assertAllSettled(payer);
        }
    }

    @Override
    public void close() {
        servers.values().forEach(FarthingProcess::close);
        payer.close();
        ways.forEach(DatabaseWay::close);
        upstream.close();
        chain.close();
        postgres.close();
    }

}
