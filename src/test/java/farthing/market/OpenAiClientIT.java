package farthing.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.math.BigInteger;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.MoneyOracle;

/** OpenAI's own npm client, unchanged, against a real server; src/test/node has its side. */
class OpenAiClientIT {

    private record Price(long input, long output, long item) {
    }

    /** Nanos per million tokens and per item, as seeds.yaml lists them. */
    private static final Map<String, Price> PRICES = Map.of("wren/kjv", new Price(100_000_000, 400_000_000, 0),
            "wren/minilm-l6-v2", new Price(20_000_000, 0, 0), "wren/langdetect", new Price(0, 0, 2_000));

    private final Path folder;

    OpenAiClientIT(@TempDir Path folder) {
        this.folder = folder;
    }

    @Test
    void theChargesOfAThousandMixedCallsAreTheLedger() throws Exception {
        try (FarthingProcess server = FarthingProcess.ready(folder); Connection database = server.database()) {
            List<JsonNode> basics = node(server, "basics");
            List<JsonNode> load = node(server, "load", "1000", "8");

            assertThat(load).hasSize(1000);
            Set<String> receipts = new HashSet<>();
            long sum = 0;
            for (JsonNode call : Stream.concat(basics.stream(), load.stream()).toList()) {
                assertThat(receipts.add(call.get("receipt").asText())).as("its own receipt: " + call).isTrue();
                assertIsTheUsage(database, call);
                sum += call.get("charge").asLong();
            }
            MoneyOracle oracle = new MoneyOracle(database);
            assertThat(oracle.charges()).isEqualTo(sum);
            assertThat(oracle.number("select count(*) from usage")).isEqualTo(receipts.size());
            oracle.assertBooksBalance();
        }
    }

    /** The row has the units that the client was told, and the charge is their price to the nano. */
    private static void assertIsTheUsage(Connection database, JsonNode call) throws Exception {
        try (PreparedStatement select = database
                .prepareStatement("select input_tokens, output_tokens, items, charge from usage where receipt = ?")) {
            select.setObject(1, uuid(call.get("receipt").asText()));
            try (ResultSet row = select.executeQuery()) {
                assertThat(row.next()).as("charged: " + call).isTrue();
                if (!call.get("call").asText().equals("classify")) {
                    assertThat(row.getLong(1)).as("input of " + call).isEqualTo(call.get("input").asLong());
                    assertThat(row.getLong(2)).as("output of " + call).isEqualTo(call.get("output").asLong());
                }
                Price price = Objects.requireNonNull(PRICES.get(call.get("model").asText()));
                BigInteger tokens = BigInteger.valueOf(price.input).multiply(BigInteger.valueOf(row.getLong(1)))
                        .add(BigInteger.valueOf(price.output).multiply(BigInteger.valueOf(row.getLong(2))));
                long expected = tokens.divide(BigInteger.valueOf(1_000_000)).longValueExact() + price.item * row.getLong(3);
                assertThat(row.getLong(4)).as("charge of " + call).isEqualTo(expected).isEqualTo(call.get("charge").asLong());
            }
        }
    }

    private static UUID uuid(String receipt) {
        String hex = receipt.replace("-", "");
        return new UUID(Long.parseUnsignedLong(hex.substring(0, 16), 16), Long.parseUnsignedLong(hex.substring(16), 16));
    }

    /** Runs one part of openai.mjs; gives the paid calls it made. */
    static List<JsonNode> node(FarthingProcess server, String... arguments) throws Exception {
        ProcessBuilder node = new ProcessBuilder(Stream.concat(Stream.of("node", "openai.mjs"), Stream.of(arguments)).toList())
                .directory(new File("src/test/node")).redirectErrorStream(true);
        node.environment().put("FARTHING_URL", server.uri("").toString());
        node.environment().put("FARTHING_API_KEY", server.apiKey());
        Process process = node.start();
        String output = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        ObjectMapper json = new ObjectMapper();
        return output.lines().map(line -> {
            try {
                return json.readTree(line);
            } catch (java.io.IOException e) {
                throw new AssertionError("not a record of a call: " + line, e);
            }
        }).toList();
    }
}
