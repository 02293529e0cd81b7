package farthing.receipt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.chain.Address;
import farthing.chain.Keccak;
import farthing.chain.MalformedSignature;
import farthing.chain.SigningKey;
import farthing.money.Amount;

/** The vectors that contracts/test/ReceiptProof.t.sol reads too: what is signed here must be what is checked there. */
class ReceiptVectorsTest {

    private final JsonNode vectors = read();
    private final SigningKey key = SigningKey.ofHex(hex(Keccak.hash(text(vectors, "keyIsKeccakOf"))));

    @TestFactory
    List<DynamicTest> hashesReceiptsAsTheVectorsDo() {
        return each("receipts", "leaf", expected -> {
            byte[] salt = bytes(expected, "salt");
            ReceiptBody body = new ReceiptBody(ReceiptId.parse(text(expected, "id").substring(2)),
                    Instant.EPOCH.plus(expected.get("chargedAt").asLong(), ChronoUnit.MICROS), expected.get("offer").asLong(),
                    expected.get("inputTokens").asInt(), expected.get("outputTokens").asInt(), expected.get("items").asInt(),
                    ReceiptBody.contentHash(salt, bytes(expected, "request")),
                    ReceiptBody.contentHash(salt, bytes(expected, "response")));
            assertThat(hex(body.requestHash())).isEqualTo(text(expected, "requestHash"));
            assertThat(hex(body.responseHash())).isEqualTo(text(expected, "responseHash"));
            assertThat(hex(body.hash(salt))).isEqualTo(text(expected, "bodyHash"));

            Receipt receipt = new Receipt(Integer.parseUnsignedInt(text(expected, "line")),
                    Long.parseUnsignedLong(text(expected, "lease")), Integer.parseUnsignedInt(text(expected, "seq")),
                    Integer.parseUnsignedInt(text(expected, "version")), Amount.ofNanos(expected.get("charge").asLong()),
                    body.hash(salt), bytes(expected, "sharesHash"));
            assertThat(hex(receipt.leaf())).isEqualTo(text(expected, "leaf"));
        });
    }

    @Test
    void hashesNoSharesAsTheVectorsDo() {
        assertThat(hex(Shares.NONE.hash())).isEqualTo(text(vectors, "noSharesHash"));
    }

    @TestFactory
    List<DynamicTest> buildsProvesAndSignsCommitsAsTheVectorsDo() {
        ReceiptSigner signer = new ReceiptSigner(key, chainId(vectors));
        List<byte[]> all = list(vectors.get("receipts")).stream().map(r -> bytes(r, "leaf")).toList();
        return each("commits", "size", expected -> {
            int size = expected.get("size").asInt();
            List<byte[]> leaves = all.subList(0, size);
            ReceiptTree tree = new ReceiptTree(leaves);
            assertThat(hex(tree.root())).isEqualTo(text(expected, "root"));
            for (int i = 0; i < size; i++) {
                assertThat(tree.path(i)).usingElementComparator((a, b) -> hex(a).compareTo(hex(b)))
                        .isEqualTo(path(expected.get("paths").get(i)));
                assertThat(ReceiptTree.proves(leaves.get(i), i, size, tree.path(i), tree.root())).isTrue();
            }
            assertThat(hex(signer.sign(tree.root(), size))).isEqualTo(text(expected, "signature"));
            assertThat(recovered(chainId(vectors), tree.root(), size, bytes(expected, "signature")))
                    .isEqualTo(text(vectors, "signer"));
        });
    }

    @TestFactory
    List<DynamicTest> judgesProofsAsTheVectorsDo() {
        return each("proofs", "why",
                expected -> assertThat(
                        ReceiptTree.proves(bytes(expected, "leaf"), expected.get("index").asInt(), expected.get("size").asInt(),
                                path(expected.get("path")), bytes(expected, "root")))
                        .isEqualTo(expected.get("proves").asBoolean()));
    }

    @TestFactory
    List<DynamicTest> recoversAndRefusesSignaturesAsTheVectorsDo() {
        return each("signatures", "why", expected -> {
            if (text(expected, "signer").isEmpty()) {
                assertThatThrownBy(() -> recovered(expected)).isInstanceOf(MalformedSignature.class);
            } else {
                assertThat(recovered(expected)).isEqualTo(text(expected, "signer"));
            }
        });
    }

    private String recovered(JsonNode signed) {
        return recovered(chainId(signed), bytes(signed, "root"), signed.get("size").asInt(), bytes(signed, "signature"));
    }

    private static String recovered(long chainId, byte[] root, int size, byte[] signature) {
        return Address.of(ReceiptSigner.recover(chainId, root, size, signature)).text();
    }

    private interface Check {
        void of(JsonNode expected);
    }

    private List<DynamicTest> each(String list, String name, Check check) {
        List<JsonNode> all = list(vectors.get(list));
        assertThat(all).isNotEmpty();
        return all.stream().map(one -> DynamicTest.dynamicTest(list + ": " + text(one, name), () -> check.of(one))).toList();
    }

    private static List<byte[]> path(JsonNode neighbours) {
        return list(neighbours).stream().map(n -> parse(n.asText())).toList();
    }

    private static List<JsonNode> list(JsonNode array) {
        List<JsonNode> items = new ArrayList<>();
        array.forEach(items::add);
        return items;
    }

    private static long chainId(JsonNode of) {
        return of.get("chainId").asLong();
    }

    private static String text(JsonNode of, String field) {
        return of.get(field).asText();
    }

    private static byte[] bytes(JsonNode of, String field) {
        return parse(text(of, field));
    }

    private static byte[] parse(String hex) {
        return HexFormat.of().parseHex(hex, 2, hex.length());
    }

    private static String hex(byte[] bytes) {
        return "0x" + HexFormat.of().formatHex(bytes);
    }

    private static JsonNode read() {
        try (InputStream file = ReceiptVectorsTest.class.getResourceAsStream("/receipt-vectors.json")) {
            return new ObjectMapper().readTree(Objects.requireNonNull(file));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
