package farthing;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Map;

import org.web3j.crypto.Credentials;
import org.web3j.crypto.RawTransaction;
import org.web3j.crypto.TransactionEncoder;
import org.web3j.utils.Numeric;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.chain.Address;
import farthing.chain.Deployment;
import farthing.chain.EmbeddedChain;
import farthing.chain.SigningKey;
import farthing.identity.Demo;
import farthing.web.KeyFolder;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;

/** A real chain for the tests, one per run: the embedded one, in a temporary folder. {@link TestDatabase} brings it along. */
public class TestChain implements QuarkusTestResourceLifecycleManager {

    /** The application's data folder. */
    public static final Path DATA = Path.of(System.getProperty("farthing.data", "target/test-data"));

    public static final Path BINARY = EmbeddedChain.binary(Path.of("src/main/native/node_modules"));
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final EmbeddedChain.Keys KEYS = freshKeys();
    private static EmbeddedChain chain;

    @Override
    public Map<String, String> start() {
        return settings();
    }

    @Override
    public void stop() {
        // It ends with the JVM; other test classes of this run still use it.
    }

    public static Map<String, String> settings() {
        Deployment deployment = deployment();
        return Map.of("farthing.chain.embedded", "true", "farthing.chain.rpc-url", deployment.rpc().toString(),
                "farthing.chain.public-rpc-url",
                deployment.rpc().toString(), "farthing.chain.id", Long.toString(deployment.chainId()), "farthing.vault",
                deployment.vault().text(), "farthing.token", deployment.token().text(), "farthing.registry",
                deployment.registry().text(), "farthing.operator-key", KEYS.operator().secretHex(), "farthing.platform-payee",
                KEYS.cold().address().text());
    }

    public static synchronized EmbeddedChain embedded() {
        if (chain == null) {
            try {
                EmbeddedChain started = EmbeddedChain.start(BINARY, Files.createTempDirectory("farthing-chain"), KEYS,
                        what -> {
                        });
                Runtime.getRuntime().addShutdownHook(new Thread(started::close));
                chain = started;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return chain;
    }

    public static Deployment deployment() {
        return embedded().deployment();
    }

    /** Whose addresses are fixed at the run's start; the demo people of {@link #DATA} are its wallets. */
    public static EmbeddedChain.Keys keys() {
        return KEYS;
    }

    public static SigningKey operator() {
        return KEYS.operator();
    }

    /** A new wallet with coins for gas and no tokens. */
    public static SigningKey fundedKey() {
        SigningKey key = SigningKey.generate(RANDOM);
        rpc("anvil_setBalance", key.address().text(), "0x8ac7230489e80000");
        return key;
    }

    /** @param artefact a resource with {@code bytecode}, of a contract whose constructor takes nothing */
    public static Address deploy(SigningKey from, String artefact) throws IOException {
        try (InputStream in = TestChain.class.getResourceAsStream(artefact)) {
            return deploy(deployment().rpc(), from, JSON.readTree(in).get("bytecode").asText());
        }
    }

    public static Address deploy(URI node, SigningKey from, String creation) {
        return new Address(transact(node, from, "", creation).get("contractAddress").asText());
    }

    /** @param data hex */
    public static void send(SigningKey from, Address to, String data) {
        transact(deployment().rpc(), from, to.text(), "0x" + data);
    }

    /** Signs, sends and mines. @return the receipt */
    private static JsonNode transact(URI node, SigningKey from, String to, String data) {
        BigInteger nonce = Numeric.toBigInt(rpc(node, "eth_getTransactionCount", from.address().text(), "latest").asText());
        byte[] signed = TransactionEncoder.signMessage(
                RawTransaction.createTransaction(EmbeddedChain.CHAIN_ID, nonce, BigInteger.valueOf(10_000_000), to,
                        BigInteger.ZERO, data, BigInteger.ONE, BigInteger.valueOf(100_000_000_000L)),
                Credentials.create(from.secretHex()));
        String hash = rpc(node, "eth_sendRawTransaction", Numeric.toHexString(signed)).asText();
        rpc(node, "anvil_mine", "0x1");
        JsonNode receipt = rpc(node, "eth_getTransactionReceipt", hash);
        if (!receipt.get("status").asText().equals("0x1")) {
            throw new IllegalStateException("reverted: " + receipt);
        }
        return receipt;
    }

    public static void mine(int blocks) {
        rpc("anvil_mine", "0x" + Integer.toHexString(blocks));
    }

    /**
     * Until it is closed there are no blocks but for transactions, so that what happened becomes final only when it is told to.
     */
    public static Still still() {
        rpc("evm_setAutomine", true);
        return () -> rpc("evm_setIntervalMining", 1);
    }

    public interface Still extends AutoCloseable {
        @Override
        void close();
    }

    /** Makes what has happened final. */
    public static void finalizeNow() {
        mine(8);
    }

    /** Replaces the newest blocks by empty ones; their transactions are gone. */
    public static void reorg(int depth) {
        rpc("anvil_reorg", depth, List.of());
    }

    /** Lets time pass on the chain, which then runs ahead of the clock for the rest of the run. */
    public static void travel(Duration time) {
        rpc("evm_increaseTime", time.toSeconds());
        mine(1);
    }

    public static String snapshot() {
        return rpc("evm_snapshot").asText();
    }

    public static void revert(String snapshot) {
        rpc("evm_revert", snapshot);
    }

    public static JsonNode rpc(String method, Object... parameters) {
        return rpc(deployment().rpc(), method, parameters);
    }

    public static JsonNode rpc(URI node, String method, Object... parameters) {
        try {
            String body = JSON
                    .writeValueAsString(Map.of("jsonrpc", "2.0", "id", 1, "method", method, "params", List.of(parameters)));
            JsonNode answer = JSON.readTree(HTTP.send(HttpRequest.newBuilder(node).header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(body)).build(), HttpResponse.BodyHandlers.ofString()).body());
            if (answer.has("error")) {
                throw new IllegalStateException(method + ": " + answer.get("error"));
            }
            return answer.get("result");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static EmbeddedChain.Keys freshKeys() {
        KeyFolder folder = KeyFolder.ofTrial(DATA);
        List<Address> wallets = Demo.wallets(folder);
        return new EmbeddedChain.Keys(SigningKey.generate(RANDOM), SigningKey.generate(RANDOM), SigningKey.generate(RANDOM),
                SigningKey.generate(RANDOM), wallets);
    }
}
