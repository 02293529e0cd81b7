package farthing.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import com.fasterxml.jackson.databind.JsonNode;

import farthing.FakeUpstream;
import farthing.MoneyOracle;
import farthing.chain.Wallet;

/** From a deposit to a withdrawal and an exit, on real parts: ledger, vault and published files agree to the nano. */
class PaidOnChainIT {

    private static final long DEPOSIT = 500_000;
    private static final long CEILING = 400_000;
    private static final int CALLS = 200;
    /** Blocks, and one to spare. */
    private static final int FINALITY = 8;

    private final Path folder;

    PaidOnChainIT(@TempDir Path folder) {
        this.folder = folder;
    }

    @Test
    void aPayerPaysADeveloperIsPaidAndThePayerLeavesWithExactlyTheRest() throws Exception {
        Map<String, String> settings = new HashMap<>(Settling.HASTE);
        settings.put("FARTHING_WEBHOOK_ALLOW_PRIVATE", "true");
        try (FakeUpstream told = new FakeUpstream((_, to) -> to.json(204, ""));
                FarthingProcess server = FarthingProcess.ready(folder, settings);
                Wallet payer = Wallet.fresh(server.facts());
                Wallet developer = new Wallet(server.facts(), server.demoWallet("wren"));
                Connection database = server.database()) {
            Published published = new Published(server);
            MoneyOracle oracle = new MoneyOracle(database);

            // Deposit, finality, key.
            int line = payer.openLine(DEPOSIT, CEILING);
            payer.mine(FINALITY);
            Visitor payerPages = Visitor.signedIn(server, payer.key());
            server.await("the deposit to be final", () -> payerPages.budgetNanos() == CEILING * 1000);
            String key = payerPages.key(line);
            addWebhook(payerPages, told, "farthing.batch.posted.v1");

            // Calls.
            Map<String, Long> charges = Settling.call(server, key, CALLS);
            long charged = charges.values().stream().mapToLong(Long::longValue).sum();
            server.await("all calls to be settled", () -> published.isFinal(() -> published.settled(line) == CALLS, payer));
            assertThat(payer.used(line)).as("what the vault debited").isEqualTo(charged / 1000);

            server.await("the payer to be told of all its calls", () -> events(told, "farthing.batch.posted.v1")
                    .flatMap(event -> event.at("/data/lines").valueStream()).filter(part -> part.get("line").asInt() == line)
                    .mapToLong(part -> part.get("charged_nanos").asLong()).sum() == charged);

            // Everybody's share, recomputed from public receipts alone.
            Map<String, Long> shares = new HashMap<>();
            for (String receipt : charges.keySet()) {
                JsonNode split = published.json("/v1/receipts/" + receipt).at("/receipt/split");
                split.properties()
                        .forEach(part -> shares.merge(part.getKey(), part.getValue().get("nanos").asLong(), Long::sum));
            }
            assertThat(shares.values().stream().mapToLong(Long::longValue).sum()).isEqualTo(charged);
            long earned = shares.getOrDefault("developer", 0L);
            published.assertEveryBatchVerifies();
            assertFilesAreTheBooks(published.batches(), oracle, charged);
            published.assertProvedToAnyone(charges.keySet().iterator().next());

            // Earnings, epoch, withdrawal.
            Visitor developerPages = Visitor.signedIn(server, developer.key());
            addWebhook(developerPages, told, "farthing.payout.paid.v1");
            long before = developer.tokens();
            developer.travel(Duration.ofMinutes(2));
            server.await("the earnings to be withdrawable",
                    () -> developerPages.get("/earnings").contains("button-main\">Withdraw"));
            developerPages.post("/earnings", "/earnings/withdraw", Map.of());
            server.await("the withdrawal", () -> developer.tokens() > before);
            assertThat(developer.tokens() - before).as("the sum of the shares, rounded down to micro-units")
                    .isEqualTo(earned / 1000);

            developer.mine(FINALITY);
            server.await("the developer to be told of the payout",
                    () -> events(told, "farthing.payout.paid.v1").findAny().isPresent());
            assertThat(events(told, "farthing.payout.paid.v1").mapToLong(event -> event.at("/data/amount_nanos").asLong()))
                    .containsExactly(earned / 1000 * 1000);

            // Exit.
            assertThat(Settling.status(server, key)).isEqualTo(200);
            payer.requestExit(line);
            server.await("calls to be refused", () -> Settling.status(server, key) == 402);
            // What came through until then is settled long before somebody can leave.
            server.await("these calls to be settled", () -> published.isFinal(() -> oracle.unsettled() == 0, payer));
            payer.travel(Duration.ofDays(1).plusHours(1).plusMinutes(2));
            payer.exit(line);
            assertThat(payer.tokens()).as("exactly the rest").isEqualTo(DEPOSIT - payer.used(line));
            payer.mine(FINALITY);

            // The books.
            server.await("the exit to be booked", () -> oracle.balance("line:" + line) == 0
                    && oracle.balance("credited:" + developer.address()) == developer.credited() * 1000);
            oracle.assertBooksBalance();
            oracle.assertOnChain(developer);
            assertThat(oracle.balance("locked:" + line)).isZero();
            long late = published.settled(line) - CALLS;
            assertThat(late).as("calls that came through before the exit was seen").isBetween(1L, 50L);
            assertThat(-oracle.balance("deposits")).as("what the books say is in the vault").isEqualTo(developer.held() * 1000);
            assertThat(developer.owed()).as("what the vault owes").isLessThanOrEqualTo(developer.held());
        }
    }

    private static void addWebhook(Visitor pages, FakeUpstream receiver, String event) throws Exception {
        pages.post("/webhooks", "/webhooks",
                Map.of("name", "story", "url", "http://localhost:" + receiver.port() + "/", "events", event));
    }

    /** Each once, however often it was sent. */
    private static Stream<JsonNode> events(FakeUpstream receiver, String type) {
        Map<String, JsonNode> events = new HashMap<>();
        receiver.requests.forEach(request -> events.put(request.json().get("id").asText(), request.json()));
        return events.values().stream().filter(event -> event.get("type").asText().equals(type));
    }

    /** What the newest manifest says is owed and held back is what the ledger says. */
    private static void assertFilesAreTheBooks(List<JsonNode> batches, MoneyOracle oracle, long charged) throws Exception {
        long charges = 0;
        for (JsonNode batch : batches) {
            charges += batch.at("/manifest/totals/charges").asLong();
        }
        assertThat(charges).as("charges in all manifests").isEqualTo(charged);
        for (JsonNode payee : batches.getFirst().at("/manifest/payees")) {
            assertThat(oracle.balance("owed:" + payee.get("payee").asText())).isEqualTo(payee.get("owed_after").asLong());
        }
        for (JsonNode held : batches.getFirst().at("/manifest/held")) {
            assertThat(oracle.balance("held:" + held.get("account").asText())).isEqualTo(held.get("after").asLong());
        }
    }
}
