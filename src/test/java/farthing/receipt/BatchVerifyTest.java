package farthing.receipt;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpServer;

/** The command finds any difference in the files of a batch and says where it is. */
class BatchVerifyTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String PREFIX = "/v1/batches/";

    @TempDir
    Path folder;

    private final ByteArrayOutputStream said = new ByteArrayOutputStream();
    private final ABatch batch = ABatch.first();

    @BeforeEach
    void write() {
        batch.write(folder);
    }

    @Test
    void untouchedFilesAreProved() {
        assertThat(run(folder.toString())).as(said()).isZero();
        assertThat(said()).contains("proved").contains("6 receipts of 2 lines give the receipts root").doesNotContain("WRONG");
        assertThat(run(folder.resolve("manifest.json").toString())).isZero();
    }

    static Stream<Arguments> changes() {
        return Stream.of(
                Arguments.of("/lines/0/sha256", "\"" + "0".repeat(64) + "\"",
                        "; the manifest says " + "0".repeat(64) + "."),
                Arguments.of("/lines/0/receipts", "5", "line-1.bin: its number of receipts is 4; the manifest says 5."),
                Arguments.of("/lines/0/sections", "2", "line-1.bin: its number of sections is 3; the manifest says 2."),
                Arguments.of("/lines/1/cumulative_after", "77779",
                        "line-4.bin: the sum of its charges is 77778 nanos; the manifest's cumulative_after less its"
                                + " cumulative_before is 77779 nanos."),
                Arguments.of("/lines/1/debit_micros", "78",
                        "manifest.json: debit_micros of line 4 is 78 micro-units; its cumulatives give 77 micro-units."),
                Arguments.of("/totals/debits_micros", "96",
                        "manifest.json: totals.debits_micros is 96 micro-units; the lines add up to 95 micro-units."),
                Arguments.of("/totals/receipts", "7", "manifest.json: totals.receipts is 7; the line files have 6."),
                Arguments.of("/totals/charges", "96323",
                        "manifest.json: totals.charges is 96323 nanos; the receipts add up to 96322 nanos."),
                Arguments.of("/payees/0/earned", "600",
                        "manifest.json: earned of payee 0x00000000000000000000000000000000000000b2 is 600 nanos; the shares of the"
                                + " receipts add up to 599 nanos."),
                Arguments.of("/held/1/earned", "19063",
                        "manifest.json: earned of held data_pool:3 is 19063 nanos; the shares of the receipts add up to"
                                + " 19064 nanos."),
                Arguments.of("/versions/0/split/developer", "6999", "developer' and the other parts are no split"),
                Arguments.of("/payees/1/owed_after", "677",
                        "manifest.json: owed_after of payee 0x1111111111111111111111111111111111111111 is 677 nanos; owed_before,"
                                + " earned and the credit give 676 nanos."),
                Arguments.of("/held/0/after", "101",
                        "manifest.json: after of held base_model:9 is 101 nanos; before and earned give 100 nanos."),
                Arguments.of("/totals/credits_micros", "74",
                        "manifest.json: totals.credits_micros is 74 micro-units; the payees add up to 73 micro-units."),
                Arguments.of("/totals/available_after_micros", "23",
                        "manifest.json: totals.available_after_micros is 23 micro-units; what was available, the debits and the"
                                + " credits give 22 micro-units."),
                Arguments.of("/payees/0/owed_before", "9223372036854775807", "WRONG A sum of the file does not fit 64 bits."),
                Arguments.of("/threshold_nanos", "10000",
                        "manifest.json: credited_micros of payee 0x1111111111111111111111111111111111111111 is 7 micro-units; the"
                                + " rule gives 0 micro-units."),
                Arguments.of("/rows", "\"0x0000000100000000000000120000000400000000000000" + "4e\"",
                        "manifest.json: rows, entry 2 is 'line 4: 78 micro-units'; the lines give 'line 4: 77 micro-units'."),
                Arguments.of("/rows", "\"0x000000010000000000000012\"",
                        "manifest.json: rows, entry 2 is missing; the lines give 'line 4: 77 micro-units'."),
                Arguments.of("/rows", "\"0x00000001\"",
                        "manifest.json: rows has 4 bytes, which are no whole entries of 12."),
                Arguments.of("/credits",
                        "\"0x11111111111111111111111111111111111111110000000000000008bb000000000000000000000000000000000000010000000000000042\"",
                        "manifest.json: credits, entry 1 is 'payee 0x1111111111111111111111111111111111111111: 8 micro-units'; the"
                                + " payees give 'payee 0x1111111111111111111111111111111111111111: 7 micro-units'."),
                Arguments.of("/receipts_root", "\"0x" + "1".repeat(64) + "\"",
                        "manifest.json: receipts_root is 0x" + "1".repeat(64) + "; the lines give 0x6bc78888"),
                Arguments.of("/prev_batch_hash", "\"0x" + "1".repeat(64) + "\"",
                        "manifest.json: prev_batch_hash is 0x" + "1".repeat(64)
                                + "; the history of a new vault begins with 0x"),
                Arguments.of("/history_hash", "\"0x" + "1".repeat(64) + "\"",
                        "manifest.json: history_hash is 0x" + "1".repeat(64) + "; the batch gives 0x44f6f28f"),
                Arguments.of("/parent", "1", "its parent is batch 1, which does not come before batch 1."),
                Arguments.of("/more", "1", "manifest.json: 'more' is unknown."),
                Arguments.of("/held/0/more", "1", "manifest.json: 'held[0].more' is unknown."),
                Arguments.of("/payees/0/earned", "-1",
                        "manifest.json: 'payees[0].earned' is not a whole number of 0 to 2^63 - 1."),
                Arguments.of("/payees/0/earned", "1.5", "manifest.json: 'payees[0].earned' is not a whole number"),
                Arguments.of("/payees/0/payee", "\"0x12\"",
                        "manifest.json: 'payees[0].payee' is no address."),
                Arguments.of("/lines/1/line", "1", "manifest.json: 'lines[1]' does not come after the one before it."),
                Arguments.of("/lines/1/line", "4294967296", "manifest.json: 'lines[1].line' is more than 4294967295."),
                Arguments.of("/held/0/account", "\"savings\"", "manifest.json: 'held[0].account' is not base_model"),
                Arguments.of("/built_at", "\"yesterday\"", "manifest.json: 'built_at' is no time"));
    }

    @ParameterizedTest
    @MethodSource("changes")
    void aChangedFieldIsNamedWithWhatWasExpected(String pointer, String value, String sentence) throws IOException {
        change(pointer, value);
        assertThat(run(folder.toString())).as(said()).isNotZero();
        assertThat(said()).contains(sentence);
    }

    @Test
    void aMissingFieldOrPayeeIsNamed() throws IOException {
        ObjectNode manifest = manifest();
        ((ArrayNode) manifest.get("payees")).remove(0);
        save(manifest);
        assertThat(run(folder.toString())).isEqualTo(1);
        assertThat(said())
                .contains("manifest.json: payee 0x00000000000000000000000000000000000000b2 is missing; the shares of the"
                        + " receipts add up to 599 nanos.");
        manifest.remove("totals");
        save(manifest);
        assertThat(run(folder.toString())).isEqualTo(2);
        assertThat(said()).contains("manifest.json: 'totals' is missing.");
    }

    /** One nano more in the file, and the manifest's hash of the file adjusted to it. */
    @Test
    void aPlantedNanoInALineFileIsNamedAlsoWithItsHashAdjusted() throws IOException {
        plant(1, bytes -> bytes.putLong(20, 5_201));
        assertThat(run(folder.toString())).isEqualTo(1);
        assertThat(said())
                .contains("WRONG line-1.bin: the sum of its charges is 18545 nanos; the manifest's cumulative_after less"
                        + " its cumulative_before is 18544 nanos.");
    }

    @Test
    void aNanoMovedFromOneCallToAnotherChangesTheLinesNode() throws IOException {
        plant(1, bytes -> bytes.putLong(20, 5_199).putLong(96, 1));
        assertThat(run(folder.toString())).isEqualTo(1);
        assertThat(said()).contains("WRONG line-1.bin: the node of the line in the receipts tree is 0x");
    }

    static Stream<Arguments> malformed() {
        return Stream.of(
                Arguments.of("line-1.bin: lease 0000000000000005, section from seq 0: it has 0 receipts",
                        (UnaryOperator<ByteBuffer>) bytes -> bytes.putInt(12, 0)),
                Arguments.of("line-1.bin: lease 0000000000000005, section from seq 0: the file ends before its 900 receipts.",
                        (UnaryOperator<ByteBuffer>) bytes -> bytes.putInt(12, 900)),
                Arguments.of("line-1.bin: lease 0000000000000005, section from seq 2: it continues the section before it",
                        (UnaryOperator<ByteBuffer>) bytes -> bytes.putInt(176, 2)),
                Arguments.of(
                        "line-1.bin: lease 0000000000000005, section from seq 1: it does not come after the section before it.",
                        (UnaryOperator<ByteBuffer>) bytes -> bytes.putInt(176, 1)),
                Arguments.of(
                        "line-1.bin: lease 0000000000000004, section from seq 3: it does not come after the section before it.",
                        (UnaryOperator<ByteBuffer>) bytes -> bytes.putLong(168, 4)),
                Arguments.of(
                        "line-1.bin: lease fffffffffffffff9, seq 0: the charge 18446744073709551615 is more than any line can"
                                + " pay.",
                        (UnaryOperator<ByteBuffer>) bytes -> bytes.putLong(280, -1)),
                Arguments.of("line-1.bin: it ends within the head of a section.",
                        (UnaryOperator<ByteBuffer>) bytes -> ByteBuffer.wrap(Arrays.copyOf(bytes.array(), 262))),
                Arguments.of("line-1.bin: it holds no receipt.", (UnaryOperator<ByteBuffer>) bytes -> ByteBuffer.allocate(0)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("malformed")
    void aLineFileThatIsNoneIsRefusedWithItsPlace(String sentence, UnaryOperator<ByteBuffer> change) throws IOException {
        plant(1, change);
        assertThat(run(folder.toString())).isEqualTo(1);
        assertThat(said()).contains("WRONG " + sentence);
    }

    @Test
    void aReceiptOfAVersionThatIsNotListedIsNamed() throws IOException {
        ObjectNode manifest = manifest();
        ((ArrayNode) manifest.get("versions")).remove(1);
        save(manifest);
        assertThat(run(folder.toString())).isEqualTo(1);
        assertThat(said()).contains("WRONG line-1.bin: the receipt of lease 0000000000000005, seq 3 is of version 9, which the"
                + " manifest does not list.");
    }

    @Test
    void whatIsCarriedOverIsComparedWithTheBatchBefore() throws IOException {
        ABatch next = batch.then(List.of(ABatch.receipt(4, 2, 12, 9, 123_456)));
        Path second = next.write(folder.resolve("second"));
        String first = folder.resolve("manifest.json").toString();
        assertThat(run(second.toString(), "--previous", first)).as(said()).isZero();
        assertThat(said()).contains("ok    what was owed, held and available is what batch 1 left");
        assertThat(run(second.toString())).isZero();
        assertThat(said()).contains("--previous names the manifest of batch 1");

        ABatch rested = batch.then(List.of(ABatch.receipt(9, 1, 0, 3, 5_000)));
        assertThat(run(rested.then(List.of(ABatch.receipt(4, 2, 12, 3, 5_000))).write(folder.resolve("third")).toString(),
                "--previous", rested.write(folder.resolve("rested")).resolve("manifest.json").toString())).as(said()).isZero();
        assertThat(said())
                .contains("ok    the lines go on where their last batch left them, but for 4, whose last batch was not"
                        + " found");

        // As a batch that invented a micro-unit owed would be published, right in itself.
        change("/payees/2/owed_after", "725");
        assertThat(run(second.toString(), "--previous", first)).isEqualTo(1);
        assertThat(said()).contains("WRONG manifest.json: owed_before of payee 0xBb00000000000000000000000000000000000001 is"
                + " 726 nanos; batch 1 left 725 nanos.");
        change("/payees/2/owed_after", "726");
        change("/lines/1/cumulative_after", "77779");
        assertThat(run(second.toString(), "--previous", first)).isEqualTo(1);
        assertThat(said())
                .contains("WRONG manifest.json: cumulative_before of line 4 is 77778 nanos; batch 1 left 77779 nanos.");
        assertThat(run(second.toString(), "--previous", second.resolve("manifest.json").toString())).isEqualTo(1);
        assertThat(said()).contains("The manifest given as the one before is of batch 2");
    }

    @Test
    void fromAServerTheBatchesBeforeAreReadBackToWhereALineWasLast() throws IOException {
        ABatch second = batch.then(List.of(ABatch.receipt(4, 2, 12, 9, 123_456)));
        ABatch third = second.then(List.of(ABatch.receipt(1, 5, 4, 3, 7_000), ABatch.receipt(6, 1, 0, 3, 900)));
        Map<String, byte[]> published = new HashMap<>();
        List.of(batch, second, third).forEach(one -> publish(one, published));
        try (Server server = new Server(published)) {
            assertThat(run(server.address(PREFIX + "3"))).as(said()).isZero();
            assertThat(said()).contains("the one announced").contains("each line goes on where its last batch left it");
            assertThat(run(server.address(PREFIX + "3/manifest"))).as(said()).isZero();

            ObjectNode changed = (ObjectNode) JSON.readTree(batch.manifest.json());
            ((ObjectNode) changed.at("/lines/0")).put("cumulative_after", 18_545);
            published.put(PREFIX + "1/manifest", JSON.writeValueAsBytes(changed));
            assertThat(run(server.address(PREFIX + "3"))).isEqualTo(1);
            assertThat(said()).contains("cumulative_before of line 1 is 18544 nanos; batch 1 left 18545 nanos.");
            assertThat(run(server.address(PREFIX + "1"))).isEqualTo(1);
            assertThat(said()).contains("WRONG manifest.json: its SHA-256 is " + ABatch.sha256(JSON.writeValueAsBytes(changed))
                    + "; the server announces " + ABatch.sha256(batch.manifest.json()) + ".");
            published.put(PREFIX + "1/manifest", second.manifest.json());
            assertThat(run(server.address(PREFIX + "3"))).isEqualTo(1);
            assertThat(said()).contains("WRONG The manifest of batch 1 says that it is of batch 2 after batch 1.");
            published.put(PREFIX + "8/manifest", second.manifest.json());
            assertThat(run(server.address(PREFIX + "8/manifest"))).isEqualTo(1);
            assertThat(said()).contains("WRONG manifest.json: seq is 2; the address asks for 8.");
            assertThat(run(server.address(PREFIX + "9"))).isEqualTo(2);
            assertThat(said()).contains("verify: it could not be checked: the server has no http");
        }
    }

    @Test
    void anotherVaultThanExpectedIsNamed() {
        assertThat(run(folder.toString(), "--vault", ABatch.TOKEN.text())).isEqualTo(1);
        assertThat(said()).contains("WRONG The vault that it names is " + ABatch.VAULT + "; you expect " + ABatch.TOKEN + ".");
        assertThat(run(folder.toString(), "--vault", "0x12")).isEqualTo(2);
        assertThat(said()).contains("'0x12' is not an Ethereum address");
    }

    @Test
    void aNodeThatCannotBeReadIsNoDifference() {
        assertThat(run(folder.toString(), "--rpc", "http://127.0.0.1:1/secret")).isEqualTo(2);
        assertThat(said()).contains("verify: it could not be checked: the chain's node at 127.0.0.1 does not answer.")
                .doesNotContain("secret");
    }

    @Test
    void aServerThatIsNoNodeIsNamed() throws IOException {
        try (Server server = new Server(Map.of("/", "<html>".getBytes(StandardCharsets.UTF_8)))) {
            assertThat(run(folder.toString(), "--rpc", server.address("/"))).isEqualTo(2);
            assertThat(said())
                    .contains("verify: it could not be checked: 127.0.0.1 is no node of an Ethereum chain; it answers no"
                            + " JSON to eth_chainId (HTTP 200).");
        }
    }

    private void change(String pointer, String value) throws IOException {
        ObjectNode manifest = manifest();
        int slash = pointer.lastIndexOf('/');
        JsonNode parent = manifest.at(pointer.substring(0, slash));
        ((ObjectNode) parent).set(pointer.substring(slash + 1), JSON.readTree(value));
        save(manifest);
    }

    private void plant(int line, UnaryOperator<ByteBuffer> change) throws IOException {
        Path file = folder.resolve(LineFile.name(line));
        byte[] bytes = change.apply(ByteBuffer.wrap(Files.readAllBytes(file))).array();
        Files.write(file, bytes);
        change("/lines/0/sha256", "\"" + ABatch.sha256(bytes) + "\"");
    }

    private ObjectNode manifest() throws IOException {
        return (ObjectNode) JSON.readTree(Files.readAllBytes(folder.resolve("manifest.json")));
    }

    private void save(ObjectNode manifest) throws IOException {
        Files.write(folder.resolve("manifest.json"), JSON.writeValueAsBytes(manifest));
    }

    private int run(String... args) {
        return new Verify(new PrintStream(said, true, StandardCharsets.UTF_8), Map.of()).run(args);
    }

    private String said() {
        return said.toString(StandardCharsets.UTF_8);
    }

    private static void publish(ABatch batch, Map<String, byte[]> to) {
        String at = PREFIX + batch.manifest.seq();
        to.put(at, ("{\"object\":\"batch\",\"seq\":" + batch.manifest.seq() + ",\"state\":\"built\",\"manifest_sha256\":\""
                + ABatch.sha256(batch.manifest.json()) + "\"}").getBytes(StandardCharsets.UTF_8));
        to.put(at + "/manifest", batch.manifest.json());
        batch.trees.values().forEach(tree -> to.put(at + "/lines/" + tree.file().line(), tree.file().bytes()));
    }

    /** Serves what is published, as the server does. */
    record Server(HttpServer http) implements AutoCloseable {

        Server(Map<String, byte[]> published) throws IOException {
            this(HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0));
            http.createContext("/", exchange -> {
                byte[] body = published.get(exchange.getRequestURI().getPath());
                exchange.sendResponseHeaders(body == null ? 404 : 200, body == null ? -1 : body.length);
                if (body != null) {
                    exchange.getResponseBody().write(body);
                }
                exchange.close();
            });
            http.start();
        }

        String address(String path) {
            return "http://127.0.0.1:" + http.getAddress().getPort() + path;
        }

        @Override
        public void close() {
            http.stop(0);
        }
    }
}
