package farthing.receipt;

import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.money.Amount;

/**
 * A receipt as {@code /v1/receipts/{id}} writes it.
 *
 * @param model name of the version, for people; the proof covers its number
 * @param splitNanos the five sums that the file claims
 * @param basisPoints the five parts of the version's split
 * @param requestSalt null unless opened
 * @param responseSalt null unless opened
 */
record ReceiptFile(ReceiptProof proof, String model, int[] basisPoints, long[] splitNanos, byte @Nullable [] requestSalt,
        byte @Nullable [] responseSalt) {

    private static final List<String> PARTS = List.of("developer", "base_model", "data_pool", "validators", "platform");

    /** @throws NotAReceipt naming the field that is missing or wrong */
    static ReceiptFile read(byte[] json) {
        try {
            JsonNode root = new ObjectMapper().readTree(json);
            if (root == null || !"receipt".equals(root.path("object").asText())) {
                throw new NotAReceipt("it has no \"object\": \"receipt\"");
            }
            return of(root);
        } catch (IOException e) {
            throw new NotAReceipt("it is not JSON");
        }
    }

    private static ReceiptFile of(JsonNode root) {
        JsonNode row = field(root, "receipt");
        JsonNode commit = field(root, "commit");
        JsonNode body = root.get("body");
        if (number(row, "charge_nanos") < 0) {
            throw new NotAReceipt("'charge_nanos' is negative");
        }
        Receipt receipt = new Receipt(unsigned32(row, "line"), lease(row),
                int32(row, "seq"), int32(row, "version"),
                Amount.ofNanos(number(row, "charge_nanos")), bytes(row, "body_hash", 32),
                bytes(row, "shares_hash", 32));
        List<byte[]> path = new ArrayList<>();
        field(commit, "path").forEach(node -> path.add(bytes(node, "path", 32)));
        ReceiptProof proof = new ReceiptProof(receipt, body == null ? null : body(root, body),
                body == null ? null : bytes(body, "body_salt", 32), path, int32(commit, "leaf_index"),
                int32(commit, "size"), bytes(commit, "root", 32), bytes(commit, "signer", 20),
                bytes(commit, "signature", 65), number(field(commit, "domain"), "chainId"));
        JsonNode split = field(row, "split");
        return new ReceiptFile(proof, field(row, "model").asText(),
                PARTS.stream().mapToInt(part -> int32(field(split, part), "basis_points")).toArray(),
                PARTS.stream().mapToLong(part -> number(field(split, part), "nanos")).toArray(),
                body == null ? null : bytes(body, "request_salt", 32), body == null ? null : bytes(body, "response_salt", 32));
    }

    private static ReceiptBody body(JsonNode root, JsonNode body) {
        return new ReceiptBody(ReceiptId.parse(field(root, "id").asText()),
                Instant.EPOCH.plus(number(body, "charged_at_micros"), ChronoUnit.MICROS), number(body, "offer"),
                int32(body, "input_tokens"), int32(body, "output_tokens"), int32(body, "items"),
                bytes(body, "request_hash", 32), bytes(body, "response_hash", 32));
    }

    private static long lease(JsonNode row) {
        String text = field(row, "lease").asText();
        if (!text.matches("[0-9a-f]{16}")) {
            throw new NotAReceipt("'lease' is not 16 hex digits");
        }
        return Long.parseUnsignedLong(text, 16);
    }

    private static JsonNode field(JsonNode object, String name) {
        JsonNode value = object.get(name);
        if (value == null) {
            throw new NotAReceipt("'" + name + "' is missing");
        }
        return value;
    }

    /** Refused instead of cut off: a number that only looks right after that is a forgery. */
    private static int int32(JsonNode object, String name) {
        JsonNode value = field(object, name);
        if (!value.canConvertToInt() || !value.isIntegralNumber()) {
            throw new NotAReceipt("'" + name + "' is not a whole number of 32 bits");
        }
        return value.intValue();
    }

    private static int unsigned32(JsonNode object, String name) {
        long value = number(object, name);
        if (value >>> 32 != 0) {
            throw new NotAReceipt("'" + name + "' is not a whole number of 32 bits");
        }
        return (int) value;
    }

    private static long number(JsonNode object, String name) {
        JsonNode value = field(object, name);
        if (!value.canConvertToLong() || !value.isIntegralNumber()) {
            throw new NotAReceipt("'" + name + "' is not a whole number");
        }
        return value.longValue();
    }

    private static byte[] bytes(JsonNode object, String name, int length) {
        String text = (object.isObject() ? field(object, name) : object).asText();
        if (!text.matches("0x[0-9a-fA-F]{" + 2 * length + "}")) {
            throw new NotAReceipt("'" + name + "' is not 0x and " + 2 * length + " hex digits");
        }
        return HexFormat.of().parseHex(text, 2, text.length());
    }

    /** The file cannot be read as a receipt. */
    static class NotAReceipt extends RuntimeException {
        NotAReceipt(String why) {
            super("this is not a receipt: " + why + ".");
        }
    }
}
