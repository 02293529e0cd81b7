package farthing.chain;

import java.io.IOException;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.money.Amount;

/**
 * Reads the batches of a vault from any node, for somebody who checks them. It needs no database and no server, and none of
 * web3j, which would take longer to start than the check takes. Every method throws {@link IOException}, with a sentence, when
 * the node cannot be read.
 */
public final class VaultReader implements AutoCloseable {

    /**
     * A batch as the vault logged it.
     *
     * @param call null where another contract made the call, so that the transaction does not show it
     */
    public record Posting(String transaction, long block, byte[] historyHash, byte[] receiptsRoot, Amount debited,
            Amount credited, @Nullable PostCall call) {
    }

    /** The arguments of {@code IUsageVault.post}. */
    public record PostCall(long seq, byte[] prevBatchHash, byte[] receiptsRoot, byte[] rows, byte[] credits) {
    }

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String POSTED = topic("Posted(uint40,bytes32,bytes32,uint64,uint64)");
    private static final String VOIDED = topic("Voided(uint40,uint40,bytes32)");
    private static final byte[] POST = Arrays.copyOf(Keccak.hash("post(uint40,bytes32,bytes32,bytes,bytes)"), 4);
    /** Nodes that refuse long ranges of blocks answer for this many. */
    private static final long SHORT_RANGE = 1_000;
    private static final int WORD = 32;

    private final URI rpc;
    private final Address vault;
    private final HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();

    public VaultReader(URI rpc, Address vault) {
        this.rpc = rpc;
        this.vault = vault;
    }

    public Address vault() {
        return vault;
    }

    public long chainId() throws IOException {
        return quantity(ask("eth_chainId"));
    }

    public boolean hasCode() throws IOException {
        return bytes(ask("eth_getCode", vault.text(), "latest")).length > 0;
    }

    /** Of the newest block that no re-org takes back any more. */
    public long finalized() throws IOException {
        JsonNode block = ask("eth_getBlockByNumber", "finalized", false);
        return block.isNull() ? 0 : quantity(block.path("number"));
    }

    /** @param hint the transaction that is said to have posted it: it spares the node a search, and is not believed */
    public Optional<Posting> posted(long seq, Optional<String> hint) throws IOException {
        List<JsonNode> logs = new ArrayList<>();
        if (hint.isPresent()) {
            for (JsonNode log : ask("eth_getTransactionReceipt", hint.get()).path("logs")) {
                if (log.path("address").asText().equalsIgnoreCase(vault.text())
                        && log.path("topics").path(0).asText().equals(POSTED)
                        && log.path("topics").path(1).asText().equals(word(seq))) {
                    logs.add(log);
                }
            }
        }
        if (logs.isEmpty()) {
            logs.addAll(logs(0, quantity(ask("eth_blockNumber")), POSTED, word(seq)));
        }
        if (logs.isEmpty()) {
            return Optional.empty();
        }
        JsonNode log = logs.getLast();
        byte[] data = bytes(log.path("data"));
        if (data.length != 4 * WORD) {
            throw broken("a Posted log of " + data.length + " bytes");
        }
        String transaction = log.path("transactionHash").asText();
        return Optional.of(new Posting(transaction, quantity(log.path("blockNumber")), Arrays.copyOf(data, WORD),
                Arrays.copyOfRange(data, WORD, 2 * WORD), micros(data, 2), micros(data, 3), call(transaction)));
    }

    /** The number of the void that took the batch back, if one did since that block. */
    public Optional<Long> voided(long seq, long since) throws IOException {
        List<JsonNode> logs = logs(since, quantity(ask("eth_blockNumber")), VOIDED, null, word(seq));
        return logs.isEmpty() ? Optional.empty() : Optional.of(quantity(logs.getLast().path("topics").path(1)));
    }

    @Override
    public void close() {
        client.close();
    }

    private @Nullable PostCall call(String transaction) throws IOException {
        JsonNode sent = ask("eth_getTransactionByHash", transaction);
        return sent.path("to").asText().equalsIgnoreCase(vault.text()) ? decoded(bytes(sent.path("input"))) : null;
    }

    /** @return null for anything but a whole call of {@code post} */
    static @Nullable PostCall decoded(byte[] input) {
        if (input.length < 4 + 5 * WORD || !Arrays.equals(Arrays.copyOf(input, 4), POST)) {
            return null;
        }
        byte[] arguments = Arrays.copyOfRange(input, 4, input.length);
        byte[] rows = dynamic(arguments, 3);
        byte[] credits = dynamic(arguments, 4);
        return rows == null || credits == null ? null
                : new PostCall(unsigned(arguments, 0).longValue(), Arrays.copyOfRange(arguments, WORD, 2 * WORD),
                        Arrays.copyOfRange(arguments, 2 * WORD, 3 * WORD), rows, credits);
    }

    private static byte @Nullable [] dynamic(byte[] arguments, int index) {
        BigInteger offset = unsigned(arguments, WORD * index);
        BigInteger size = BigInteger.valueOf(arguments.length);
        if (offset.add(BigInteger.valueOf(WORD)).compareTo(size) > 0) {
            return null;
        }
        int start = offset.intValueExact();
        BigInteger length = unsigned(arguments, start);
        if (offset.add(BigInteger.valueOf(WORD)).add(length).compareTo(size) > 0) {
            return null;
        }
        return Arrays.copyOfRange(arguments, start + WORD, start + WORD + length.intValueExact());
    }

    private static BigInteger unsigned(byte[] bytes, int at) {
        return new BigInteger(1, Arrays.copyOfRange(bytes, at, at + WORD));
    }

    private static Amount micros(byte[] data, int index) {
        BigInteger nanos = unsigned(data, WORD * index).multiply(BigInteger.valueOf(1_000));
        return Amount.ofNanos(nanos.min(BigInteger.valueOf(Long.MAX_VALUE)).longValueExact());
    }

    /** @param topics null for any */
    private List<JsonNode> logs(long from, long to, @Nullable String... topics) throws IOException {
        try {
            List<JsonNode> logs = new ArrayList<>();
            ask("eth_getLogs", Map.of("address", vault.text(), "fromBlock", hex(from), "toBlock", hex(to), "topics",
                    Arrays.asList(topics))).forEach(logs::add);
            return logs;
        } catch (Refused e) {
            if (to - from < SHORT_RANGE) {
                throw e;
            }
            long middle = from + (to - from) / 2;
            List<JsonNode> logs = new ArrayList<>(logs(from, middle, topics));
            logs.addAll(logs(middle + 1, to, topics));
            return logs;
        }
    }

    private JsonNode ask(String method, Object... parameters) throws IOException {
        HttpResponse<byte[]> answer;
        try {
            byte[] question = JSON
                    .writeValueAsBytes(Map.of("jsonrpc", "2.0", "id", 1, "method", method, "params", List.of(parameters)));
            answer = client.send(
                    HttpRequest.newBuilder(rpc).timeout(Duration.ofSeconds(30)).header("Content-Type", "application/json")
                            .POST(HttpRequest.BodyPublishers.ofByteArray(question)).build(),
                    HttpResponse.BodyHandlers.ofByteArray());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while the chain's node was asked", e);
        } catch (IOException e) {
            // The path of an address often is its key.
            throw new IOException("the chain's node at " + rpc.getHost() + " does not answer", e);
        }
        try {
            JsonNode json = JSON.readTree(answer.body());
            if (json.hasNonNull("error")) {
                throw new Refused("the chain's node refuses " + method + ": "
                        + Shown.start(json.path("error").path("message").asText()));
            }
            if (json.has("result")) {
                return json.get("result");
            }
        } catch (JsonProcessingException e) {
            throw broken("no JSON to " + method + " (HTTP " + answer.statusCode() + ")");
        }
        throw broken("no result to " + method + " (HTTP " + answer.statusCode() + ")");
    }

    private static final class Refused extends IOException {
        Refused(String message) {
            super(message);
        }
    }

    private IOException broken(String what) {
        return new IOException(rpc.getHost() + " is no node of an Ethereum chain; it answers " + what);
    }

    private long quantity(JsonNode hex) throws IOException {
        String text = hex.asText();
        if (!text.matches("0x[0-9a-f]{1,64}")) {
            throw broken("'" + Shown.start(text) + "' where a number belongs");
        }
        return new BigInteger(text.substring(2), 16).min(BigInteger.valueOf(Long.MAX_VALUE)).longValueExact();
    }

    private byte[] bytes(JsonNode hex) throws IOException {
        String text = hex.asText();
        if (!text.matches("0x([0-9a-fA-F]{2})*")) {
            throw broken("'" + Shown.start(text) + "' where bytes belong");
        }
        return HexFormat.of().parseHex(text, 2, text.length());
    }

    private static String hex(long number) {
        return "0x" + Long.toHexString(number);
    }

    private static String word(long number) {
        return "0x" + HexFormat.of().formatHex(ByteBuffer.allocate(WORD).putLong(WORD - 8, number).array());
    }

    private static String topic(String event) {
        return "0x" + HexFormat.of().formatHex(Keccak.hash(event));
    }
}
