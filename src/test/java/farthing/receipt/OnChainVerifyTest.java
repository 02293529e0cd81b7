package farthing.receipt;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;

import farthing.chain.TestVault;

/** The command compares a batch, and the proof of a receipt, with what a real vault has. */
@Timeout(60)
class OnChainVerifyTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private final ByteArrayOutputStream said = new ByteArrayOutputStream();
    private TestVault vault;
    private ABatch batch;

    @BeforeEach
    void start() throws IOException {
        vault = new TestVault(Files.createDirectories(folder.resolve("chain")));
        List<Receipt> receipts = new ArrayList<>(ABatch.someReceipts());
        receipts.add(4, VerifyTest.row());
        batch = ABatch.first(vault.address(), receipts);
        batch.write(folder);
    }

    @AfterEach
    void stop() {
        vault.close();
    }

    @Test
    void aPostedBatchIsProvedAndItsFinalityIsSaid() {
        assertThat(run(folder.toString())).as(said()).isZero();
        assertThat(said()).contains(
                "--    batch 1 is not posted, or this node does not know it yet, so it is proved against its files only");
        String transaction = post(batch.manifest.rows(), batch.manifest.credits());
        assertThat(run(folder.toString())).as(said()).isZero();
        assertThat(said()).contains("ok    the node is of chain 31337 and has a contract at " + vault.address())
                .contains("ok    the vault has its root, rows, credits and history, posted by " + transaction)
                .contains(", not final yet: the chain is final up to ");
        vault.mine(5);
        assertThat(run(folder.toString())).isZero();
        assertThat(said()).contains(", which is final\nproved");
    }

    @Test
    void aNodeThatRefusesLongRangesOfBlocksIsAskedForShorterOnes() throws IOException {
        post(batch.manifest.rows(), batch.manifest.credits());
        vault.mine(2_500);
        AtomicInteger refused = new AtomicInteger();
        HttpServer strict = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        strict.createContext("/", exchange -> {
            byte[] question = exchange.getRequestBody().readAllBytes();
            JsonNode asked = JSON.readTree(question);
            JsonNode filter = asked.at("/params/0");
            byte[] answer;
            if (asked.path("method").asText().equals("eth_getLogs")
                    && block(filter, "toBlock") - block(filter, "fromBlock") > 999) {
                refused.incrementAndGet();
                answer = "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32005,\"message\":\"range too large\"}}"
                        .getBytes(StandardCharsets.UTF_8);
            } else {
                try (InputStream body = forwarded(question)) {
                    answer = body.readAllBytes();
                }
            }
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        strict.start();
        assertThat(run(folder.toString(), "--rpc", "http://127.0.0.1:" + strict.getAddress().getPort())).as(said()).isZero();
        strict.stop(0);
        assertThat(refused.get()).isPositive();
        assertThat(said()).contains("ok    the vault has its root").contains(", which is final");
    }

    private static long block(JsonNode filter, String field) {
        return Long.decode(filter.path(field).asText());
    }

    private InputStream forwarded(byte[] question) throws IOException {
        HttpURLConnection node = (HttpURLConnection) vault.rpc().toURL().openConnection();
        node.setDoOutput(true);
        node.setRequestProperty("Content-Type", "application/json");
        node.getOutputStream().write(question);
        return node.getInputStream();
    }

    @Test
    void aRowOrCreditThatWasPostedOtherwiseIsNamed() {
        byte[] rows = batch.manifest.rows().clone();
        rows[rows.length - 1]++;
        byte[] credits = batch.manifest.credits().clone();
        credits[27]--;
        String transaction = post(rows, credits);
        assertThat(run(folder.toString())).isEqualTo(1);
        assertThat(said()).contains("WRONG manifest.json: rows, entry 3 is 'line 4: 77 micro-units'; transaction " + transaction
                + " posted 'line 4: 78 micro-units'.");

        restart();
        String other = post(batch.manifest.rows(), credits);
        assertThat(run(folder.toString())).isEqualTo(1);
        assertThat(said()).contains("WRONG manifest.json: credits, entry 1 is 'payee " + ABatch.PLATFORM + ": "
                + (credits[27] + 1) + " micro-units'; transaction " + other + " posted 'payee " + ABatch.PLATFORM + ": "
                + credits[27] + " micro-units'.");
    }

    @Test
    void filesThatAgreeWithEachOtherButNotWithTheChainAreFound() {
        post(batch.manifest.rows(), batch.manifest.credits());
        List<Receipt> receipts = new ArrayList<>(ABatch.someReceipts());
        receipts.add(4, VerifyTest.row());
        receipts.set(0, ABatch.receipt(1, 5, 0, 3, 5_201));
        ABatch forged = ABatch.first(vault.address(), receipts);
        assertThat(run(forged.write(folder.resolve("forged")).toString())).isEqualTo(1);
        assertThat(said()).contains("WRONG manifest.json: receipts_root is " + Report.hex(forged.manifest.receiptsRoot())
                + "; transaction 0x").contains(" posted " + Report.hex(batch.manifest.receiptsRoot()) + ".");
    }

    @Test
    void aBatchThatTheGuardianTookBackIsNotProved() {
        post(batch.manifest.rows(), batch.manifest.credits());
        BatchManifest manifest = batch.manifest;
        vault.voidNewest(0, manifest.prevBatchHash(), manifest.receiptsRoot(), manifest.rows(), manifest.credits());
        assertThat(run(folder.toString())).as(said()).isEqualTo(1);
        assertThat(said()).contains("WRONG Batch 1 was posted and then taken back by the guardian, as number 2 of the history");
    }

    @Test
    void anotherChainAndAnotherVaultAreNamed() throws IOException {
        ABatch.first().write(folder.resolve("elsewhere"));
        assertThat(run(folder.resolve("elsewhere").toString())).isEqualTo(1);
        assertThat(said()).contains("WRONG There is no contract at " + ABatch.VAULT + " on chain 31337");
        assertThat(receipt(proof("built", null).replace("\"chain_id\":31337", "\"chain_id\":1"))).isEqualTo(1);
        assertThat(said()).contains("WRONG The chain id of the node is 31337; the batch was made for 1.");
    }

    @Test
    void aReceiptIsProvedUpToTheRowThatWasDebited() throws IOException {
        String transaction = post(batch.manifest.rows(), batch.manifest.credits());
        assertThat(receipt(proof("mined", transaction))).as(said()).isZero();
        assertThat(said()).contains("ok    leaf, section and line are under the root of batch 1")
                .contains("ok    the vault has its root and debited line 3: 5 micro-units, posted by " + transaction)
                .contains("\nproved");
    }

    @Test
    void theProofOfAReceiptOnAServerIsFetchedOnceThereIsOne() throws IOException {
        Map<String, byte[]> published = new HashMap<>(Map.of("/v1/receipts/1", JSON.writeValueAsBytes(VerifyTest.receipt())));
        try (BatchVerifyTest.Server server = new BatchVerifyTest.Server(published)) {
            assertThat(run(server.address("/v1/receipts/1"))).as(said()).isZero();
            assertThat(said()).contains("--    the receipt is in no batch yet");
            String transaction = post(batch.manifest.rows(), batch.manifest.credits());
            published.put("/v1/receipts/1/proof", proof("mined", transaction).getBytes(StandardCharsets.UTF_8));
            assertThat(run(server.address("/v1/receipts/1"))).as(said()).isZero();
            assertThat(said()).contains("the vault has its root and debited line 3: 5 micro-units, posted by " + transaction);
        }
    }

    @Test
    void aProofOfAnotherReceiptOrBatchIsNamed() throws IOException {
        BatchProof other = BatchProof.of(batch.manifest, batch.tree(1), 5, 0, null, null, "built").orElseThrow();
        assertThat(receipt(JSON.writeValueAsString(other.fields()))).isEqualTo(1);
        assertThat(said()).contains("WRONG The proof is of another receipt: its leaf is 0x");
        assertThat(receipt(proof("final", null))).isEqualTo(1);
        assertThat(said()).contains("WRONG The server calls batch 1 final, and the vault holds no such batch.");
        assertThat(receipt(proof("built", null).replace("\"first_seq\":7", "\"first_seq\":6"))).isEqualTo(1);
        assertThat(said()).contains("WRONG The receipt has seq 7 and stands at index 0 of a section that begins with seq 6.");
        assertThat(receipt(proof("built", null).replace(Report.hex(batch.manifest.receiptsRoot()), "0x" + "1".repeat(64))))
                .isEqualTo(1);
        assertThat(said()).contains("WRONG The receipt is not under the root of batch 1: its paths lead to "
                + Report.hex(batch.manifest.receiptsRoot()) + ", the proof says 0x1111");
        assertThat(receipt("{\"object\":\"receipt_proof\"}")).isEqualTo(2);
        assertThat(said()).contains("verify: the proof: 'receipt' is missing.");
    }

    private String proof(String state, @Nullable String transaction) throws IOException {
        Receipt receipt = VerifyTest.row();
        return JSON.writeValueAsString(BatchProof.of(batch.manifest, batch.tree(receipt.line()), receipt.lease(), receipt.seq(),
                transaction, transaction == null ? null : 1L, state).orElseThrow().fields());
    }

    private int receipt(String proof) throws IOException {
        Path receipt = Files.write(folder.resolve("receipt.json"), JSON.writeValueAsBytes(VerifyTest.receipt()));
        Path file = Files.writeString(folder.resolve("proof.json"), proof);
        return run(receipt.toString(), "--proof", file.toString());
    }

    private String post(byte[] rows, byte[] credits) {
        return vault.post(1, batch.manifest.prevBatchHash(), batch.manifest.receiptsRoot(), rows, credits);
    }

    private void restart() {
        vault.close();
        vault = new TestVault(folder.resolve("chain"));
    }

    private int run(String... args) {
        return new Verify(new PrintStream(said, true, StandardCharsets.UTF_8),
                Map.of("FARTHING_RPC_URL", vault.rpc().toString()))
                .run(args);
    }

    private String said() {
        return said.toString(StandardCharsets.UTF_8);
    }
}
