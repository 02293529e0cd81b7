package farthing.receipt;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;

import farthing.chain.TestVault;

/** A receipt's proof is checked against the vault by somebody who has viem and none of this code: src/test/node. */
@Timeout(60)
class IndependentProofIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String ID = "05f046334597d2669601f20aaefa7869";

    @TempDir
    Path folder;

    private volatile String published = "";

    @Test
    void viemAloneProvesAReceiptAndRefusesAChangedOne() throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.createContext("/v1/receipts/" + ID + "/proof", exchange -> {
            byte[] body = published.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        try (TestVault vault = new TestVault(folder)) {
            ABatch batch = ABatch.first(vault.address(), ABatch.someReceipts());
            BatchManifest manifest = batch.manifest;
            publish(batch, Map.of());
            assertThat(node(server, vault)).isEqualTo("1 NOT proved: the vault has no batch 1.");
            String transaction = vault.post(1, manifest.prevBatchHash(), manifest.receiptsRoot(), manifest.rows(),
                    manifest.credits());
            assertThat(node(server, vault)).isEqualTo("0 proved: receipt " + ID
                    + " (999 nanos) is in batch 1, posted by " + transaction + ".");
            publish(batch, Map.of("\"charge_nanos\":999", "\"charge_nanos\":1000"));
            assertThat(node(server, vault)).startsWith("1 NOT proved: the receipt leads to the root 0x")
                    .endsWith(", the vault has " + Report.hex(manifest.receiptsRoot()) + ".");
            publish(batch, Map.of("\"rows\":2", "\"rows\":1"));
            assertThat(node(server, vault)).isEqualTo("1 NOT proved: a path does not fit the size of its tree.");
        } finally {
            server.stop(0);
        }
    }

    /** Of the receipt after the gap. */
    private void publish(ABatch batch, Map<String, String> changes) throws IOException {
        String proof = JSON.writeValueAsString(
                BatchProof.of(batch.manifest, batch.tree(1), 5, 3, null, null, "built").orElseThrow().fields());
        for (Map.Entry<String, String> change : changes.entrySet()) {
            assertThat(proof).contains(change.getKey());
            proof = proof.replace(change.getKey(), change.getValue());
        }
        published = proof;
    }

    private static String node(HttpServer server, TestVault vault) throws IOException, InterruptedException {
        Process node = new ProcessBuilder("node", "verify-receipt.mjs", "http://127.0.0.1:" + server.getAddress().getPort(), ID,
                vault.rpc().toString(), vault.address().text()).directory(new File("src/test/node")).redirectErrorStream(true)
                .start();
        String said = new String(node.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        return node.waitFor() + " " + said;
    }
}
