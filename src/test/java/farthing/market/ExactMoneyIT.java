package farthing.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import farthing.MoneyOracle;

/** Money under load, on a hard balance and through crashes of a real server. */
class ExactMoneyIT {

    private static final String SENTENCE = """
            {"model": "wren/langdetect", "input": "Ein kurzer Satz."}""";
    private static final String TEXT = """
            {"model": "wren/kjv", "prompt": "And he said", "max_tokens": 8}""";
    private static final String STREAM = """
            {"model": "wren/kjv", "prompt": "And he said", "max_tokens": 8, "stream": true,
             "stream_options": {"include_usage": true}}""";

    /** Of {@link #SENTENCE}, whose worst case is what it costs. */
    private static final long CHARGE = 2_000;

    private final Path folder;

    ExactMoneyIT(@TempDir Path folder) {
        this.folder = folder;
    }

    @Test
    void servesExactlyAsManyCallsAsTheBalancePaysFor() throws Exception {
        try (FarthingProcess server = FarthingProcess.ready(folder); Connection database = server.database()) {
            leaveOnTheLine(database, 20 * CHARGE);
            HttpRequest call = server.call("/v1/classify", SENTENCE).build();

            Map<Integer, Long> answers = IntStream.range(0, 60)
                    .mapToObj(i -> FarthingProcess.HTTP.sendAsync(call, BodyHandlers.ofString())).toList().stream()
                    .map(CompletableFuture::join)
                    .collect(Collectors.groupingBy(HttpResponse::statusCode, Collectors.counting()));

            assertThat(answers).isEqualTo(Map.of(200, 20L, 402, 40L));
            MoneyOracle oracle = new MoneyOracle(database);
            oracle.assertBooksBalance();
            assertThat(oracle.charges()).isEqualTo(20 * CHARGE);
            assertThat(OpenAiClientIT.node(server, "broke")).as("paid calls of a client that must be told 402").isEmpty();
        }
    }

    @Test
    void losesAndDoublesNothingWhenKilledUnderLoad() throws Exception {
        Map<UUID, Long> journal = new ConcurrentHashMap<>();
        Map<String, UUID> answeredKeys = new ConcurrentHashMap<>();
        for (boolean databaseToo : new boolean[] { false, true }) {
            try (FarthingProcess server = FarthingProcess.ready(folder)) {
                assertNothingIsWrong(server, journal);
                int before = journal.size();
                try (Load _ = new Load(server, journal, answeredKeys)) {
                    server.await("calls to be answered", () -> journal.size() >= before + 60);
                    if (databaseToo) {
                        server.killGroupAndDatabase();
                    } else {
                        server.killGroup();
                    }
                }
            }
        }
        try (FarthingProcess server = FarthingProcess.ready(folder)) {
            assertNothingIsWrong(server, journal);
            Map.Entry<String, UUID> earlier = answeredKeys.entrySet().iterator().next();
            HttpResponse<String> again = FarthingProcess.HTTP.send(
                    server.call("/v1/classify", SENTENCE).header("Idempotency-Key", earlier.getKey()).build(),
                    BodyHandlers.ofString());
            assertThat(receiptOf(again)).as("a retry after the crash").isEqualTo(earlier.getValue());

            server.signal("TERM");
            server.awaitExit();
            server.awaitGone();
        }
    }

    private static void assertNothingIsWrong(FarthingProcess server, Map<UUID, Long> journal) throws Exception {
        try (Connection database = server.database()) {
            MoneyOracle oracle = new MoneyOracle(database);
            oracle.assertBooksBalance();
            oracle.assertChargedOnce(journal);
            oracle.assertNothingLeftByTheDead(1);
        }
    }

    /** Twelve callers that call until the server is gone, and write down what they were told. */
    private static final class Load implements AutoCloseable {

        private final ExecutorService callers = Executors.newFixedThreadPool(12);
        private final AtomicInteger calls = new AtomicInteger();
        private final List<CompletableFuture<Void>> running = new ArrayList<>();

        Load(FarthingProcess server, Map<UUID, Long> journal, Map<String, UUID> answeredKeys) {
            for (int i = 0; i < 12; i++) {
                running.add(CompletableFuture.runAsync(() -> callUntilGone(server, journal, answeredKeys), callers));
            }
        }

        private void callUntilGone(FarthingProcess server, Map<UUID, Long> journal, Map<String, UUID> answeredKeys) {
            try {
                while (true) {
                    int n = calls.getAndIncrement();
                    if (n % 3 == 0) {
                        String key = UUID.randomUUID().toString();
                        HttpResponse<String> answer = send(
                                server.call("/v1/classify", SENTENCE).header("Idempotency-Key", key));
                        journal.put(receiptOf(answer), chargeOf(answer));
                        answeredKeys.put(key, receiptOf(answer));
                    } else if (n % 3 == 1) {
                        HttpResponse<String> answer = send(server.call("/v1/completions", TEXT));
                        journal.put(receiptOf(answer), chargeOf(answer));
                    } else {
                        HttpResponse<String> answer = send(server.call("/v1/completions", STREAM));
                        if (answer.body().contains("data: [DONE]")) {
                            journal.put(receiptOf(answer),
                                    Long.valueOf(answer.body().replaceAll("(?s).*\"charge_nanos\":(\\d+).*", "$1")));
                        }
                    }
                }
            } catch (IOException gone) {
                // The server was killed; what it did not answer may or may not have been charged.
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private static HttpResponse<String> send(HttpRequest.Builder call) throws IOException, InterruptedException {
            HttpResponse<String> answer = FarthingProcess.HTTP.send(call.build(), BodyHandlers.ofString());
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            return answer;
        }

        @Override
        public void close() {
            try {
                running.forEach(CompletableFuture::join);
            } finally {
                callers.shutdownNow();
            }
        }
    }

    private static UUID receiptOf(HttpResponse<String> answer) {
        String hex = answer.headers().firstValue("Farthing-Receipt").orElseThrow().replace("-", "");
        return new UUID(Long.parseUnsignedLong(hex.substring(0, 16), 16), Long.parseUnsignedLong(hex.substring(16), 16));
    }

    private static long chargeOf(HttpResponse<String> answer) {
        return answer.headers().firstValueAsLong("Farthing-Charge").orElseThrow();
    }

    /** Books what the caller's line has too much back to where it came from. */
    private static void leaveOnTheLine(Connection database, long nanos) throws Exception {
        database.setAutoCommit(false);
        try (PreparedStatement book = database.prepareStatement("""
                with line as (select id, balance - ? as excess from ledger_account where code like 'line:%' and balance > 0),
                entry as (insert into ledger_entry (kind, fact, created_at) values ('deposit', 'test', now()) returning id),
                moved as (update ledger_account a set balance = balance - line.excess from line where a.id = line.id)
                insert into ledger_posting (entry_id, account_id, nanos)
                select entry.id, line.id, -line.excess from entry, line
                union all select entry.id, a.id, line.excess from entry, line, ledger_account a where a.code = 'deposits'""")) {
            book.setLong(1, nanos);
            assertThat(book.executeUpdate()).isEqualTo(2);
        }
        database.commit();
        database.setAutoCommit(true);
    }
}
