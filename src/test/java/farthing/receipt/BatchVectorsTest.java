package farthing.receipt;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.chain.Address;
import farthing.money.Amount;

/** Files, trees, packing and history of a batch are as viem computes them. */
class BatchVectorsTest {

    private final JsonNode vectors = read();

    @TestFactory
    List<DynamicTest> writesReadsAndHashesEachLineAsTheVectorsDo() {
        return list(vectors.get("lines")).stream()
                .map(expected -> DynamicTest.dynamicTest("line " + expected.get("line"), () -> {
                    LineFile file = file(expected);
                    assertThat(hex(file.bytes())).isEqualTo(text(expected, "file"));
                    LineTree tree = new LineTree(LineFile.read(file.line(), bytes(expected, "file")),
                            nanos(expected, "cumulativeBefore"));
                    assertThat(tree.after()).isEqualTo(nanos(expected, "cumulativeAfter"));
                    assertThat(hex(tree.node())).isEqualTo(text(expected, "node"));
                    assertThat(Payout.debit(tree.before(), tree.after()))
                            .isEqualTo(History.ofMicros(expected.get("debitMicros").asLong()));
                    List<JsonNode> sections = list(expected.get("sections"));
                    assertThat(file.sections()).isEqualTo(sections.size());
                    for (int i = 0; i < sections.size(); i++) {
                        assertThat(hexes(tree.pathOfSection(i))).isEqualTo(texts(expected.get("paths").get(i)));
                        List<JsonNode> receipts = list(sections.get(i).get("receipts"));
                        for (int j = 0; j < receipts.size(); j++) {
                            assertThat(hex(file.receipt(i, j).leaf())).isEqualTo(text(receipts.get(j), "leaf"));
                            assertThat(hexes(tree.pathOfLeaf(i, j))).isEqualTo(texts(sections.get(i).get("paths").get(j)));
                        }
                    }
                })).toList();
    }

    @Test
    void findsTheRootAndThePathsToItAsTheVectorsDo() {
        ReceiptTree tree = new ReceiptTree(list(vectors.get("lines")).stream().map(line -> bytes(line, "node")).toList());
        assertThat(hex(tree.root())).isEqualTo(text(vectors, "receiptsRoot"));
        List<JsonNode> paths = list(vectors.get("paths"));
        IntStream.range(0, paths.size())
                .forEach(i -> assertThat(hexes(tree.path(i))).isEqualTo(texts(paths.get(i))));
    }

    @Test
    void packsRowsAndCreditsInAscendingOrder() {
        Map<Integer, Amount> debits = new HashMap<>();
        vectors.get("lines").forEach(line -> debits.put(Integer.parseUnsignedInt(text(line, "line")),
                History.ofMicros(line.get("debitMicros").asLong())));
        assertThat(hex(History.rows(debits))).isEqualTo(text(vectors, "rows"));
        Map<Address, Amount> credits = new HashMap<>();
        vectors.get("payees").forEach(payee -> credits.put(new Address(text(payee, "payee")),
                History.ofMicros(payee.get("micros").asLong())));
        assertThat(hex(History.credits(credits))).isEqualTo(text(vectors, "credits"));
    }

    @Test
    void hashesTheHistoryAsTheVectorsDo() {
        byte[] root = bytes(vectors, "receiptsRoot");
        byte[] rows = bytes(vectors, "rows");
        byte[] credits = bytes(vectors, "credits");
        JsonNode expected = vectors.get("history");
        byte[] genesis = History.genesis(vectors.get("chainId").asLong(), new Address(text(vectors, "vault")));
        byte[] first = History.afterBatch(genesis, 1, 0, root, rows, credits);
        byte[] voided = History.afterVoid(first, 2, 1);
        assertThat(hex(genesis)).isEqualTo(text(expected, "genesis"));
        assertThat(hex(first)).isEqualTo(text(expected, "first"));
        assertThat(hex(voided)).isEqualTo(text(expected, "voided"));
        assertThat(hex(History.afterBatch(voided, 3, 0, root, rows, credits))).isEqualTo(text(expected, "third"));
    }

    private static LineFile file(JsonNode line) {
        int number = Integer.parseUnsignedInt(text(line, "line"));
        LineFile.Writer writer = LineFile.writer(number);
        for (JsonNode section : line.get("sections")) {
            for (JsonNode receipt : section.get("receipts")) {
                writer.add(new Receipt(number, Long.parseUnsignedLong(text(section, "lease")), receipt.get("seq").intValue(),
                        Integer.parseUnsignedInt(text(receipt, "version")), nanos(receipt, "charge"),
                        bytes(receipt, "bodyHash"),
                        bytes(receipt, "sharesHash")));
            }
        }
        return writer.file();
    }

    private static Amount nanos(JsonNode of, String field) {
        return Amount.ofNanos(of.get(field).asLong());
    }

    private static List<String> hexes(List<byte[]> path) {
        return path.stream().map(BatchVectorsTest::hex).toList();
    }

    private static List<String> texts(JsonNode path) {
        return list(path).stream().map(JsonNode::asText).toList();
    }

    private static List<JsonNode> list(JsonNode array) {
        List<JsonNode> items = new ArrayList<>();
        array.forEach(items::add);
        return items;
    }

    private static String text(JsonNode of, String field) {
        return of.get(field).asText();
    }

    private static byte[] bytes(JsonNode of, String field) {
        String hex = text(of, field);
        return HexFormat.of().parseHex(hex, 2, hex.length());
    }

    private static String hex(byte[] bytes) {
        return "0x" + HexFormat.of().formatHex(bytes);
    }

    private static JsonNode read() {
        try (InputStream file = BatchVectorsTest.class.getResourceAsStream("/batch-vectors.json")) {
            return new ObjectMapper().readTree(Objects.requireNonNull(file));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
