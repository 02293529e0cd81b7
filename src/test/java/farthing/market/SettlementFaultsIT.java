package farthing.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

import com.fasterxml.jackson.databind.JsonNode;

import farthing.MoneyOracle;
import farthing.chain.Wallet;

/**
 * What happens to processes and chains between a call and its final batch: nothing is lost, nothing is settled twice, nobody
 * lends a hand. How many kills is the system property {@code farthing.soak-kills}, their moments follow
 * {@code farthing.soak-seed}.
 */
@Execution(ExecutionMode.CONCURRENT)
// The long ones first.
@Order(1)
class SettlementFaultsIT {

    private final long seed = Long.getLong("farthing.soak-seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final Path folder;

    SettlementFaultsIT(@TempDir Path folder) {
        this.folder = folder;
    }

    @Test
    void aServerKilledAtAnyMomentSettlesEveryCallOnce() throws Exception {
        System.out.println("settlement soak: -Dfarthing.soak-seed=" + seed);
        Map<String, Long> charges = new HashMap<>();
        for (int kill = 0; kill < Integer.getInteger("farthing.soak-kills", 2); kill++) {
            try (FarthingProcess server = FarthingProcess.ready(folder, Settling.HASTE)) {
                charges.putAll(Settling.call(server, server.apiKey(), 10));
                // From the age at which a call is settled to the block that makes its batch final.
                Thread.sleep(random.nextInt(9_000));
                if (kill % 2 == 0) {
                    server.killGroup();
                } else {
                    server.killGroupAndDatabase();
                }
            }
        }
        try (FarthingProcess server = FarthingProcess.ready(folder, Settling.HASTE)) {
            assertSettledOnce(server, charges);
        }
    }

    @Test
    void aReorganisedChainCreditsADepositOnceAndABatchOnce() throws Exception {
        try (FarthingProcess server = FarthingProcess.ready(folder, Settling.HASTE);
                Wallet payer = Wallet.fresh(server.facts());
                Wallet robin = new Wallet(server.facts(), server.demoWallet("robin"))) {
            int line = payer.openLine(300_000, 300_000);
            payer.mine(10);
            Visitor pages = Visitor.signedIn(server, payer.key());
            server.await("the deposit to be final", () -> pages.budgetNanos() == 300_000_000);
            payer.deposit(line, 100_000);
            payer.mine(2);
            payer.reorg(5);
            payer.mine(12);
            payer.deposit(line, 100_000);
            payer.raise(line, 400_000);
            payer.mine(10);
            server.await("the deposit after the re-org to be final", () -> pages.budgetNanos() == 400_000_000);

            Published published = new Published(server);
            // Blocks for transactions only, so that a batch does not become final before it was seen mined.
            robin.anvil("evm_setAutomine", true);
            Map<String, Long> charges = Settling.call(server, pages.key(line), 10);
            server.await("a batch to be mined", () -> published.batches().stream().anyMatch(b -> state(b).equals("mined")));
            robin.reorg(5);
            robin.mine(1);
            robin.anvil("evm_setIntervalMining", 1);
            assertSettledOnce(server, charges);
            try (Connection database = server.database()) {
                assertThat(new MoneyOracle(database).balance("deposits")).isEqualTo(-robin.held() * 1000);
            }
        }
    }

    @Test
    void anOlderStateOfTheChainIsCaughtUpWith() throws Exception {
        Path state = folder.resolve("chain/state.json");
        Path older = folder.resolve("older-state.json");
        Map<String, Long> charges = new HashMap<>();
        try (FarthingProcess server = FarthingProcess.ready(folder, Settling.HASTE)) {
            charges.putAll(Settling.call(server, server.apiKey(), 10));
            assertSettledOnce(server, charges);
            Files.copy(state, older);
            charges.putAll(Settling.call(server, server.apiKey(), 10));
            assertSettledOnce(server, charges);
        }
        Files.copy(older, state, StandardCopyOption.REPLACE_EXISTING);
        try (FarthingProcess server = FarthingProcess.ready(folder, Settling.HASTE)) {
            charges.putAll(Settling.call(server, server.apiKey(), 10));
            assertSettledOnce(server, charges);
            try (Connection database = server.database(); Wallet anyone = Wallet.fresh(server.facts())) {
                assertThat(new MoneyOracle(database).balance("deposits")).isEqualTo(-anyone.held() * 1000);
            }
        }
    }

    @Test
    void callsGoOnAndPagesSaySoWhileTheChainIsAway() throws Exception {
        try (FarthingProcess server = FarthingProcess.ready(folder, Settling.HASTE)) {
            long chain = Long.parseLong(Files.readString(folder.resolve("chain/anvil.pid")).split(" ")[0]);
            FarthingProcess.kill("-STOP", Long.toString(chain));
            Map<String, Long> charges;
            try {
                server.await("the chain to be missed", () -> server.get("/batches").body().contains("The chain is away"));
                charges = Settling.call(server, server.apiKey(), 10);
                HttpResponse<String> ready = server.get("/q/health/ready");
                assertThat(ready.statusCode()).as("calls can be taken").isEqualTo(200);
                assertThat(ready.body()).contains("settlement waits");
                assertThat(new Published(server).batches()).as("none is sent").allMatch(batch -> state(batch).equals("built"));
            } finally {
                FarthingProcess.kill("-CONT", Long.toString(chain));
            }
            assertSettledOnce(server, charges);
        }
    }

    private static String state(JsonNode batch) {
        return batch.get("state").asText();
    }

    private void assertSettledOnce(FarthingProcess server, Map<String, Long> charges) throws Exception {
        Published published = new Published(server);
        try (Connection database = server.database();
                Wallet anyone = Wallet.fresh(server.facts())) {
            MoneyOracle oracle = new MoneyOracle(database);
            server.await("everything to be settled for good", () -> published.isFinal(() -> oracle.unsettled() == 0, anyone));
            oracle.assertAllSettled(anyone);
            long receipts = 0;
            for (JsonNode batch : published.batches()) {
                receipts += batch.at("/manifest/totals/receipts").asLong();
            }
            published.assertEveryBatchVerifies();
            assertThat(receipts).as("receipts in batches").isEqualTo(oracle.number("select count(*) from standing_usage"));
            for (String receipt : charges.keySet()) {
                assertThat(published.json("/v1/receipts/" + receipt + "/proof").get("state").asText()).isEqualTo("final");
            }
        }
    }
}
