package farthing.receipt;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import farthing.chain.Keccak;
import farthing.chain.SigningKey;
import farthing.money.Amount;
import farthing.money.Split;

/** The command finds any change to a receipt and says where it is. */
class VerifyTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ReceiptSigner SIGNER = new ReceiptSigner(
            SigningKey.ofHex(HexFormat.of().formatHex(Keccak.hash("a key for tests"))), 31337);
    private static final Salts SALTS = new Salts(Keccak.hash("a secret for tests"));
    private static final byte[] REQUEST = "{\"prompt\":\"In the beginning\"}".getBytes(StandardCharsets.UTF_8);
    private static final byte[] ANSWER = "God created".getBytes(StandardCharsets.UTF_8);

    @TempDir
    Path folder;

    private final ByteArrayOutputStream said = new ByteArrayOutputStream();

    @Test
    void anUntouchedReceiptIsProved() throws Exception {
        Files.write(folder.resolve("request"), REQUEST);
        Files.write(folder.resolve("answer"), ANSWER);
        assertThat(verify(receipt(), "--request", folder.resolve("request").toString(), "--response",
                folder.resolve("answer").toString(), "--signer", hex(SIGNER.address()))).as(said()).isZero();
        assertThat(said()).contains("proved").contains("body hashed").doesNotContain("WRONG");
    }

    @Test
    void aReceiptThatIsNotOpenedIsProvedWithoutItsBody() throws Exception {
        ObjectNode closed = receipt();
        closed.remove("body");
        assertThat(verify(closed)).isZero();
        assertThat(said()).doesNotContain("body hashed");
    }

    @Test
    void anotherRequestIsNotItsRequest() throws Exception {
        Files.write(folder.resolve("other"), ANSWER);
        assertThat(verify(receipt(), "--request", folder.resolve("other").toString())).isEqualTo(1);
        assertThat(said()).contains("is not the request of this receipt");
    }

    @Test
    void anotherSignerIsNamed() throws Exception {
        assertThat(verify(receipt(), "--signer", "0x" + "1".repeat(40))).isEqualTo(1);
        assertThat(said()).contains("not by 0x1111");
    }

    static Stream<Arguments> changes() {
        return Stream.of(Arguments.of("/receipt/charge_nanos", "5201", "not under the root"),
                Arguments.of("/receipt/line", "4", "not under the root"),
                Arguments.of("/receipt/seq", "8", "not under the root"),
                Arguments.of("/receipt/version", "6", "not under the root"),
                Arguments.of("/receipt/lease", "\"00000000000000ff\"", "not under the root"),
                Arguments.of("/receipt/line", "4294967299", "32 bits"), Arguments.of("/receipt/charge_nanos", "-1", "negative"),
                Arguments.of("/receipt/charge_nanos", "5200.5", "not a whole number"),
                Arguments.of("/receipt/split/developer/nanos", "3641", "Share 1 should be 3640"),
                Arguments.of("/receipt/split/developer/basis_points", "7001", "The split is none"),
                Arguments.of("/body/output_tokens", "13", "body does not have the hash"),
                Arguments.of("/body/offer", "6", "body does not have the hash"),
                Arguments.of("/body/charged_at_micros", "1", "body does not have the hash"),
                Arguments.of("/id", "\"" + "0".repeat(32) + "\"", "body does not have the hash"),
                Arguments.of("/commit/size", "4", "not by the address"),
                Arguments.of("/commit/leaf_index", "2", "not under the root"),
                Arguments.of("/commit/domain/chainId", "1", "not by the address"),
                Arguments.of("/commit/signer", "\"0x" + "1".repeat(40) + "\"", "not by the address"),
                Arguments.of("/commit/signature", "\"0x" + "f".repeat(130) + "\"", "The signature is none"),
                Arguments.of("/commit/root", "\"0x12\"", "64 hex digits"),
                Arguments.of("/object", "\"invoice\"", "not a receipt"));
    }

    @ParameterizedTest
    @MethodSource("changes")
    void aChangeIsFoundAndNamed(String pointer, String value, String fault) throws Exception {
        ObjectNode changed = receipt();
        int slash = pointer.lastIndexOf('/');
        ((ObjectNode) changed.at(pointer.substring(0, slash))).set(pointer.substring(slash + 1), JSON.readTree(value));
        assertThat(verify(changed)).as(said()).isNotZero();
        assertThat(said()).contains(fault);
    }

    @Test
    void sentencesForWhatCannotBeRead() {
        assertThat(run(folder.resolve("none").toString())).isEqualTo(2);
        assertThat(said()).contains("there is no file");
        assertThat(run()).isEqualTo(2);
        assertThat(run("x", "--what", "y")).isEqualTo(2);
        assertThat(said()).contains("usage:");
    }

    private int verify(ObjectNode receipt, String... options) throws Exception {
        Path file = folder.resolve("receipt.json");
        Files.write(file, JSON.writeValueAsBytes(receipt));
        return run(Stream.concat(Stream.of(file.toString()), Stream.of(options)).toArray(String[]::new));
    }

    private int run(String... args) {
        return new Verify(new PrintStream(said, true, StandardCharsets.UTF_8), Map.of()).run(args);
    }

    private String said() {
        return said.toString(StandardCharsets.UTF_8);
    }

    private static ReceiptBody body() {
        return new ReceiptBody(ReceiptId.parse("05f046334597d2669601f20aaefa7869"), Instant.parse("2026-11-22T19:04:23Z"), 5, 4,
                12, 1, ReceiptBody.contentHash(SALTS.request(), REQUEST), ReceiptBody.contentHash(SALTS.answer(), ANSWER));
    }

    static Receipt row() {
        return new Receipt(3, 0xa189e6f983cec048L, 7, 5, Amount.ofNanos(5200), body().hash(SALTS.body()), Shares.NONE.hash());
    }

    /** The second of three receipts of a commit, in the shape of {@code /v1/receipts/{id}}. */
    static ObjectNode receipt() {
        ReceiptBody body = body();
        Receipt receipt = row();
        ReceiptTree tree = new ReceiptTree(List.of(Keccak.hash("a leaf"), receipt.leaf(), Keccak.hash("another leaf")));
        Split.Parts parts = new Split(7000, 0, 2000, 200, 800).divide(receipt.charge());
        return JSON.valueToTree(Map.of("id", body.id().toString(), "object", "receipt", "receipt",
                Map.of("line", 3, "lease", "a189e6f983cec048", "seq", 7, "version", 5, "model", "wren/kjv@1", "charge_nanos",
                        5200,
                        "body_hash", hex(receipt.bodyHash()), "shares_hash", hex(receipt.sharesHash()), "split",
                        Map.of("developer", part(7000, parts.developer()), "base_model", part(0, parts.baseModel()),
                                "data_pool",
                                part(2000, parts.dataPool()), "validators", part(200, parts.validators()), "platform",
                                part(800, parts.platform()))),
                "commit",
                Map.of("root", hex(tree.root()), "size", 3, "leaf_index", 1, "path",
                        tree.path(1).stream().map(VerifyTest::hex).toList(),
                        "signer", hex(SIGNER.address()), "signature", hex(SIGNER.sign(tree.root(), 3)), "domain",
                        Map.of("chainId", 31337)),
                "body",
                Map.of("charged_at_micros", ChronoUnit.MICROS.between(Instant.EPOCH, body.chargedAt()), "offer", 5,
                        "input_tokens", 4,
                        "output_tokens", 12, "items", 1, "request_hash", hex(body.requestHash()), "response_hash",
                        hex(body.responseHash()), "body_salt", hex(SALTS.body()), "request_salt", hex(SALTS.request()),
                        "response_salt", hex(SALTS.answer()))));
    }

    private static Map<String, Object> part(int basisPoints, Amount amount) {
        return Map.of("basis_points", basisPoints, "nanos", amount.nanos());
    }

    private static String hex(byte[] bytes) {
        return "0x" + HexFormat.of().formatHex(bytes);
    }
}
