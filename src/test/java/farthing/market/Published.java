package farthing.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.chain.Wallet;
import farthing.receipt.Verifying;

/** What anyone can learn of batches and receipts, and check without the server. */
final class Published {

    static final String CLASS_PATH = "target/quarkus-app/app/*:target/quarkus-app/quarkus/*"
            + ":target/quarkus-app/lib/main/*:target/quarkus-app/lib/boot/*";

    private final FarthingProcess server;
    private final ObjectMapper json = new ObjectMapper();

    Published(FarthingProcess server) {
        this.server = server;
    }

    JsonNode json(String path) throws IOException, InterruptedException {
        var answer = server.get(path);
        assertThat(answer.statusCode()).as(path + ": " + answer.body()).isEqualTo(200);
        return json.readTree(answer.body());
    }

    /** Newest first, with their manifests. */
    List<JsonNode> batches() throws IOException, InterruptedException {
        List<JsonNode> batches = new ArrayList<>();
        String more = "";
        JsonNode page;
        do {
            page = json("/v1/batches?limit=50" + more);
            for (JsonNode batch : page.get("data")) {
                batches.add(json("/v1/batches/" + batch.get("seq").asLong()));
                more = "&before=" + batch.get("seq").asLong();
            }
        } while (page.get("has_more").asBoolean());
        return batches;
    }

    /** Receipts of the line in final batches. */
    long settled(int line) throws IOException, InterruptedException {
        long receipts = 0;
        for (JsonNode batch : batches()) {
            if (batch.get("state").asText().equals("final")) {
                for (JsonNode row : batch.at("/manifest/lines")) {
                    receipts += row.get("line").asInt() == line ? row.get("receipts").asLong() : 0;
                }
            }
        }
        return receipts;
    }

    /** Asks {@code ./farthing verify} and a script on viem, processes that know public addresses only. */
    void assertProvedToAnyone(String receipt) throws Exception {
        for (String path : List.of("/v1/batches/" + batches().getFirst().get("seq").asLong(), "/v1/receipts/" + receipt)) {
            assertThat(run(new File("."), Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp", CLASS_PATH,
                    "farthing.receipt.Verify", server.uri(path).toString(), "--rpc", server.fact("FARTHING_RPC_URL"), "--vault",
                    server.fact("FARTHING_VAULT"))).contains("proved").doesNotContain("WRONG");
        }
        assertThat(run(new File("src/test/node"), "node", "verify-receipt.mjs", server.uri("").toString(), receipt,
                server.fact("FARTHING_RPC_URL"), server.fact("FARTHING_VAULT"))).contains("proved");
    }

    void assertEveryBatchVerifies() throws IOException, InterruptedException {
        for (JsonNode batch : batches()) {
            assertThat(Verifying.verify(server.uri("/v1/batches/" + batch.get("seq").asLong()).toString(), "--rpc",
                    server.fact("FARTHING_RPC_URL"), "--vault", server.fact("FARTHING_VAULT"))).endsWith("proved\nexit 0");
        }
    }

    /**
     * Whether all of it is in batches and all batches are final. Mines a block, as finality would otherwise take its seconds.
     *
     * @param inBatches is asked first: a batch that is built after the others were looked at would be missed
     */
    boolean isFinal(FarthingProcess.Condition inBatches, Wallet anyone) throws Exception {
        boolean all = inBatches.holds();
        anyone.mine(1);
        Thread.sleep(150);
        for (JsonNode batch : json("/v1/batches?limit=50").get("data")) {
            if (!batch.get("state").asText().equals("final")) {
                return false;
            }
        }
        return all;
    }

    private static String run(File folder, String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).directory(folder).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }
}
