package farthing.chain;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;

import org.jspecify.annotations.Nullable;
import org.web3j.abi.FunctionEncoder;
import org.web3j.abi.datatypes.Type;
import org.web3j.abi.datatypes.Uint;
import org.web3j.protocol.Service;
import org.web3j.protocol.core.Request;
import org.web3j.protocol.core.Response;
import org.web3j.utils.Numeric;

import farthing.Ports;
import farthing.money.Amount;

/** An anvil that mines when it is told to, with the contracts, and with faults on the way to it. */
final class LocalChain implements AutoCloseable {

    private static final int MINED_AT_ONCE = 500;

    private static final Path ANVIL = Path.of("src/main/native/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil");

    static final SigningKey OPERATOR = SigningKey.generate(new SecureRandom());
    static final Address PAYER = SigningKey.generate(new SecureRandom()).address();
    private static final Address DEPLOYER = SigningKey.generate(new SecureRandom()).address();

    private final int port = Ports.free();
    private final Service direct = new NodeHttp(rpc(), Duration.ofSeconds(30));
    private final Path folder;
    private @Nullable Process process;
    Deployment deployment;
    VaultCalls calls;

    /** What becomes of a request to the node. */
    enum Fault {
        NONE,
        NEVER_ARRIVES,
        ANSWER_LOST,
        NONSENSE
    }

    interface Faults {
        Fault of(String request);
    }

    volatile Faults faults = request -> Fault.NONE;

    public static final class Anything extends Response<Object> {
    }

    LocalChain(Path folder) {
        this.folder = folder;
        start(null);
        deployment = deploy();
        calls = new VaultCalls(deployment);
    }

    private URI rpc() {
        return URI.create("http://127.0.0.1:" + port);
    }

    /** @param state file of a former life, null for a new chain */
    void start(@Nullable Path state) {
        List<String> command = new ArrayList<>(List.of(ANVIL.toAbsolutePath().toString(), "--port", port + "", "--no-mining",
                "--slots-in-an-epoch", "1", "--auto-impersonate", "--accounts", "1", "--silent"));
        if (state != null) {
            command.addAll(List.of("--load-state", state.toString()));
        }
        try {
            Process started = new ProcessBuilder(command).directory(folder.toFile())
                    .redirectOutput(folder.resolve("anvil.log").toFile()).redirectErrorStream(true).start();
            process = started;
            long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (started.isAlive() && System.nanoTime() < deadline) {
                try {
                    tell("eth_chainId");
                    return;
                } catch (UncheckedIOException notYet) {
                    Thread.sleep(25);
                }
            }
            throw new IllegalStateException("anvil did not start: " + Files.readString(folder.resolve("anvil.log")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    void kill() {
        Process running = process;
        if (running != null) {
            running.destroyForcibly();
            try {
                running.waitFor(10, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The chain so far, to be restored. */
    Path save(String name) {
        String hex = String.valueOf(tell("anvil_dumpState"));
        try {
            Path file = folder.resolve(name);
            try (InputStream zipped = new GZIPInputStream(
                    new ByteArrayInputStream(Numeric.hexStringToByteArray(hex)))) {
                Files.write(file, zipped.readAllBytes());
            }
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A new chain on which everything was deployed anew, at the same addresses. */
    void wipe() {
        kill();
        start(null);
        deployment = deploy();
    }

    private Deployment deploy() {
        rich(DEPLOYER);
        rich(PAYER);
        rich(OPERATOR.address());
        Address token = created(TestToken.BINARY);
        BigInteger hour = BigInteger.valueOf(3600);
        @SuppressWarnings("rawtypes")
        List<Type> arguments = List.of(new org.web3j.abi.datatypes.Address(token.text()),
                new org.web3j.abi.datatypes.Address(OPERATOR.address().text()),
                new org.web3j.abi.datatypes.Address(DEPLOYER.text()), new org.web3j.abi.datatypes.Address(DEPLOYER.text()),
                new Uint(BigInteger.valueOf(60)), new Uint(hour), new Uint(BigInteger.valueOf(120 + 3600 + 86400)),
                new Uint(BigInteger.valueOf(1800)));
        Address vault = created(UsageVault.BINARY + FunctionEncoder.encodeConstructor(arguments));
        return new Deployment(31337, vault, token, token, OPERATOR.address(), rpc(), null, Duration.ofSeconds(60),
                Duration.ofSeconds(120 + 3600 + 86400));
    }

    private Address created(String bytecode) {
        String hash = String.valueOf(tell("eth_sendTransaction",
                Map.of("from", DEPLOYER.text(), "data", Numeric.prependHexPrefix(bytecode), "gas", "0xe00000")));
        mine(1);
        Map<?, ?> receipt = (Map<?, ?>) tell("eth_getTransactionReceipt", hash);
        return new Address(String.valueOf(receipt.get("contractAddress")));
    }

    void rich(Address account) {
        tell("anvil_setBalance", account.text(), "0x56bc75e2d63100000");
    }

    /** In pieces, since thousands at once may take longer than a request is waited for. */
    void mine(int blocks) {
        for (int left = blocks; left > 0; left -= MINED_AT_ONCE) {
            tell("anvil_mine", Numeric.encodeQuantity(BigInteger.valueOf(Math.min(left, MINED_AT_ONCE))));
        }
    }

    /** Sends a call from any account, without its key. */
    String send(Address from, Call call) {
        return String.valueOf(tell("eth_sendTransaction", Map.of("from", from.text(), "to", call.to().text(), "data",
                Numeric.toHexString(call.data()), "gas", "0x400000")));
    }

    /** A line with money on it, mined. */
    void line(int line, Amount deposit, Amount ceiling) {
        send(PAYER, calls.openLine(PAYER));
        send(PAYER, calls.mint(PAYER, deposit));
        send(PAYER, calls.approve(deposit));
        send(PAYER, calls.deposit(line, deposit));
        send(PAYER, calls.raiseCeiling(line, ceiling));
        mine(1);
    }

    /** The node as farthing reaches it, through the faults. */
    Node node() {
        return new Node(new Service(false) {
            @Override
            protected InputStream performIO(String payload) throws IOException {
                Fault fault = faults.of(payload);
                if (fault == Fault.NEVER_ARRIVES) {
                    throw new IOException("as a test");
                }
                InputStream answer = ((NodeHttp) direct).performIO(payload);
                if (fault == Fault.NONE) {
                    return answer;
                }
                answer.close();
                if (fault == Fault.ANSWER_LOST) {
                    throw new IOException("the answer is lost, as a test");
                }
                return new ByteArrayInputStream("<html>hello</html>".getBytes(StandardCharsets.UTF_8));
            }

            @Override
            public void close() {
            }
        });
    }

    /** The node without faults. */
    Node honest() {
        return new Node(direct);
    }

    Object tell(String method, Object... parameters) {
        try {
            Anything answer = new Request<>(method, List.of(parameters), direct, Anything.class).send();
            if (answer.hasError()) {
                throw new IllegalStateException(method + ": " + answer.getError().getMessage());
            }
            return answer.getResult();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        kill();
    }
}
