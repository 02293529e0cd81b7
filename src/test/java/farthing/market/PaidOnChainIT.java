package farthing.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/** From a deposit to a withdrawal and an exit, on real parts: ledger, vault and published files agree to the nano. */
class PaidOnChainIT {

    static final Map<String, String> HASTE = Map.of("FARTHING_SETTLEMENT_EVERY", "1s", "FARTHING_SETTLEMENT_AGE", "1s");

    private static final String SENTENCE = """
            {"model": "wren/langdetect", "input": "Ein kurzer Satz."}""";
    private static final String TEXT = """
            {"model": "wren/kjv", "prompt": "And he said", "max_tokens": 7}""";

    private static final long DEPOSIT = 500_000;
    private static final long CEILING = 400_000;
    private static final int CALLS = 200;

    private final ObjectMapper json = new ObjectMapper();
    private final Path folder;

    PaidOnChainIT(@TempDir Path folder) {
        this.folder = folder;
    }

    @Test
    void aPayerPaysADeveloperIsPaidAndThePayerLeavesWithExactlyTheRest() throws Exception {
        try (FarthingProcess server = FarthingProcess.ready(folder, HASTE);
                Wallet payer = Wallet.fresh(server.facts());
                Wallet developer = new Wallet(server.facts(), server.demoWallet("wren"))) {
            // Deposit, finality, key.
            int line = payer.openLine(DEPOSIT, CEILING);
            Visitor payerPages = payer.signIn(server.uri("/"));
            server.await("the deposit to be final", () -> budgetNanos(payerPages) == CEILING * 1000);
            String key = payerPages.key(line);

            // Calls.
            Map<String, Long> charges = call(server, key, CALLS);
            long charged = charges.values().stream().mapToLong(Long::longValue).sum();
            server.await("all calls to be settled", () -> settled(server, line) == CALLS);
            assertThat(payer.used(line)).as("what the vault debited").isEqualTo(charged / 1000);

            // Everybody's share, recomputed from public receipts alone.
            Map<String, Long> shares = new HashMap<>();
            for (String receipt : charges.keySet()) {
                JsonNode split = json.readTree(server.get("/v1/receipts/" + receipt).body()).at("/receipt/split");
                split.properties().forEach(part -> shares.merge(part.getKey(), part.getValue().get("nanos").asLong(), Long::sum));
            }
            assertThat(shares.values().stream().mapToLong(Long::longValue).sum()).isEqualTo(charged);
            long earned = shares.get("developer");

            // Anyone verifies.
            for (JsonNode batch : batches(server)) {
                assertThat(verify(server, "/v1/batches/" + batch.get("seq").asLong())).contains("proved").doesNotContain("WRONG");
            }
            String one = charges.keySet().iterator().next();
            assertThat(verify(server, "/v1/receipts/" + one)).contains("proved").doesNotContain("WRONG");
            assertThat(VerifyReceipt.run(server, one)).contains("proved");

            // Earnings, epoch, withdrawal.
            Visitor developerPages = developer.signIn(server.uri("/"));
            long before = developer.tokens();
            developer.travel(Duration.ofMinutes(2));
            server.await("the earnings to be withdrawable", () -> page(developerPages, "/earnings").contains("data-withdraw"));
            developerPages.post("/earnings", "/earnings/withdraw", Map.of());
            server.await("the withdrawal", () -> tokens(developer) > before);
            assertThat(developer.tokens() - before).as("the sum of the shares, rounded down to micro-units")
                    .isEqualTo(earned / 1000);

            // Exit.
            payer.vault.requestExit(java.math.BigInteger.valueOf(line)).send();
            server.await("calls to be refused", () -> status(server, key) == 402);
            payer.travel(Duration.ofDays(1).plusHours(1).plusMinutes(2));
            payer.vault.exit(java.math.BigInteger.valueOf(line)).send();
            assertThat(payer.tokens()).as("exactly the rest").isEqualTo(DEPOSIT - charged / 1000);
            payer.mine(10);

            // The books.
            try (Connection database = server.database()) {
                MoneyOracle oracle = new MoneyOracle(database);
                server.await("the exit to be booked", () -> balance(oracle, "line:" + line) == 0);
                oracle.assertBooksBalance();
                assertThat(oracle.balance("locked:" + line)).isZero();
                assertThat(oracle.balance("owed:" + developer.address())).as("carried").isEqualTo(earned % 1000);
                assertThat(oracle.balance("credited:" + developer.address())).isZero();
                assertThat(-oracle.balance("deposits")).as("what the books say is in the vault")
                        .isEqualTo(developer.held() * 1000);
                assertThat(developer.owed()).as("what the vault owes").isLessThanOrEqualTo(developer.held());
                assertThat(oracle.balance("uncollected")).isEqualTo(-(charged % 1000));
            }
        }
    }

    /** Half sentences, half texts, eight at a time; charge by receipt. */
    private static Map<String, Long> call(FarthingProcess server, String key, int calls) {
        Map<String, Long> charges = new HashMap<>();
        ExecutorService callers = Executors.newFixedThreadPool(8);
        try {
            List<CompletableFuture<HttpResponse<String>>> running = new ArrayList<>();
            IntStream.range(0, calls).forEach(i -> running.add(CompletableFuture.supplyAsync(
                    () -> send(server, i % 2 == 0 ? "/v1/classify" : "/v1/completions", i % 2 == 0 ? SENTENCE : TEXT, key),
                    callers)));
            for (CompletableFuture<HttpResponse<String>> each : running) {
                HttpResponse<String> answer = each.join();
                assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
                charges.put(answer.headers().firstValue("Farthing-Receipt").orElseThrow(),
                        answer.headers().firstValueAsLong("Farthing-Charge").orElseThrow());
            }
        } finally {
            callers.shutdown();
        }
        assertThat(charges).hasSize(calls);
        return charges;
    }

    private static HttpResponse<String> send(FarthingProcess server, String path, String body, String key) {
        try {
            return FarthingProcess.HTTP.send(server.call(path, body, key).build(), BodyHandlers.ofString());
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static int status(FarthingProcess server, String key) {
        return send(server, "/v1/classify", SENTENCE, key).statusCode();
    }

    private List<JsonNode> batches(FarthingProcess server) {
        try {
            List<JsonNode> batches = new ArrayList<>();
            json.readTree(server.get("/v1/batches?limit=50").body()).get("data").forEach(batches::add);
            return batches;
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** Receipts of the line in final batches. */
    private long settled(FarthingProcess server, int line) {
        long receipts = 0;
        for (JsonNode batch : batches(server)) {
            if (batch.get("state").asText().equals("final")) {
                for (JsonNode row : full(server, batch.get("seq").asLong()).at("/manifest/lines")) {
                    receipts += row.get("line").asInt() == line ? row.get("receipts").asLong() : 0;
                }
            }
        }
        return receipts;
    }

    private JsonNode full(FarthingProcess server, long seq) {
        try {
            return json.readTree(server.get("/v1/batches/" + seq).body());
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static String page(Visitor visitor, String path) {
        try {
            return visitor.get(path);
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** What the top bar shows as budget left. */
    private static long budgetNanos(Visitor visitor) {
        java.util.regex.Matcher left = java.util.regex.Pattern
                .compile("(?s)class=\"budget\".*?title=\"([\\d,]+) nanos").matcher(page(visitor, "/account"));
        return left.find() ? Long.parseLong(left.group(1).replace(",", "")) : -1;
    }

    private static long tokens(Wallet wallet) {
        try {
            return wallet.tokens();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static long balance(MoneyOracle oracle, String account) {
        try {
            return oracle.balance(account);
        } catch (java.sql.SQLException e) {
            throw new AssertionError(e);
        }
    }

    /** What {@code ./farthing verify} prints, asked with nothing but public addresses. */
    private static String verify(FarthingProcess server, String path) throws Exception {
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
                "target/quarkus-app/app/*:target/quarkus-app/quarkus/*:target/quarkus-app/lib/main/*:target/quarkus-app/lib/boot/*",
                "farthing.receipt.Verify", server.uri(path).toString(), "--rpc", server.facts().get("FARTHING_RPC_URL"), "--vault",
                server.facts().get("FARTHING_VAULT")).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }
}
