package farthing.chain;

import java.io.IOException;
import java.math.BigInteger;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.web3j.abi.FunctionEncoder;
import org.web3j.abi.datatypes.Type;
import org.web3j.abi.datatypes.generated.Uint40;
import org.web3j.crypto.ContractUtils;
import org.web3j.crypto.RawTransaction;
import org.web3j.utils.Numeric;

import farthing.money.Amount;

/**
 * The trial's own chain: anvil as a child process, its state in a folder, our contracts on it. An anvil that dies is started
 * again on the same port from what was kept last, at most a second or two before.
 */
public final class EmbeddedChain implements AutoCloseable {

    public static final long CHAIN_ID = 31337;
    static final Duration EPOCH = Duration.ofMinutes(1);
    static final Duration LONGEST_PAUSE = Duration.ofHours(1);
    static final Duration OPERATOR_NOTICE = Duration.ofMinutes(30);
    /** The least that the vault takes. */
    static final Duration EXIT_DELAY = EPOCH.multipliedBy(2).plus(LONGEST_PAUSE).plusDays(1);

    private static final BigInteger ETHER = BigInteger.TEN.pow(18);
    private static final BigInteger ENOUGH = ETHER.multiply(BigInteger.TEN);
    private static final BigInteger PLENTY = ETHER.multiply(BigInteger.valueOf(1_000));
    private static final Amount PLAY_MONEY = Amount.ofTokens(1_000);
    /** Blocks after which one is finalized, and one to spare. */
    private static final int FINALITY = 7;
    private static final int TOKEN = 0;
    private static final int VAULT = 1;
    private static final int REGISTRY = 2;
    private static final BigInteger GAS = BigInteger.valueOf(10_000_000);
    private static final BigInteger FEE = BigInteger.valueOf(100_000_000_000L);
    /** Without a calm minute between them. */
    private static final int MOST_RESTARTS = 5;
    private static final long CALM_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final long KEEP_AT_LEAST_EVERY_SECONDS = 30;

    private final Path binary;
    private final Path folder;
    private final int port;
    private final Keys keys;
    private final Consumer<String> say;
    private final Deployment deployment;
    private final Thread keeper;
    private volatile AnvilProcess anvil;
    private volatile boolean closing;
    private long looked;
    /** When the newest transaction is final and that is not kept yet. */
    private long finalAt = Long.MAX_VALUE;
    private long kept = System.nanoTime();

    /**
     * @param deployer whose nonces decide the addresses of the contracts
     * @param guardian may pause posting; not used by the server
     * @param wallets people who get coins for gas and play money
     */
    public record Keys(SigningKey deployer, SigningKey operator, SigningKey guardian, SigningKey cold, List<Address> wallets) {
    }

    private EmbeddedChain(Path binary, Path folder, int port, Keys keys, Consumer<String> say, AnvilProcess anvil)
            throws NodeFailed {
        this.binary = binary;
        this.folder = folder;
        this.port = port;
        this.keys = keys;
        this.say = say;
        this.anvil = anvil;
        this.deployment = new Deployment(CHAIN_ID, created(VAULT), created(TOKEN), created(REGISTRY), keys.operator().address(),
                AnvilProcess.address(port), AnvilProcess.address(port), EPOCH, EXIT_DELAY);
        this.keeper = Thread.ofPlatform().daemon().name("embedded-chain").unstarted(this::watch);
    }

    /** Where npm puts anvil for this machine. */
    public static Path binary(Path modules) {
        boolean linux = System.getProperty("os.name").equals("Linux");
        boolean intel = System.getProperty("os.arch").matches("amd64|x86_64");
        return modules
                .resolve("@foundry-rs/anvil-" + (linux ? "linux" : "darwin") + "-" + (intel ? "amd64" : "arm64") + "/bin/anvil")
                .toAbsolutePath().normalize();
    }

    /**
     * @param folder its own; state, log and process id
     * @param say told in a few words what happens
     * @throws IllegalStateException when it does not come up; the message says why and what to do
     */
    public static EmbeddedChain start(Path binary, Path folder, Keys keys, Consumer<String> say) {
        if (!Files.isExecutable(binary)) {
            throw new IllegalStateException("there is no chain for this machine at " + binary
                    + "; set FARTHING_CHAIN_RPC_URL to an EVM node, or run on Linux with an x86-64 processor.");
        }
        AnvilProcess anvil = null;
        try {
            Files.createDirectories(folder);
            if (AnvilProcess.stopOrphan(binary, folder)) {
                say.accept("stopped the chain that an ended server left behind");
            }
            int port = AnvilProcess.port(folder);
            anvil = AnvilProcess.start(binary, folder, port, CHAIN_ID);
            EmbeddedChain chain = new EmbeddedChain(binary, folder, port, keys, say, anvil);
            chain.furnish();
            chain.keeper.start();
            return chain;
        } catch (IOException | NodeFailed e) {
            throw new IllegalStateException("the embedded chain did not start (" + e.getMessage() + "); see "
                    + folder.resolve("anvil.log") + ". An earlier state can be put at " + folder.resolve("state.json")
                    + "; without that file a new chain begins.", stopped(anvil, e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the embedded chain was starting", stopped(anvil, e));
        }
    }

    private static Exception stopped(@Nullable AnvilProcess anvil, Exception cause) {
        if (anvil != null) {
            anvil.process().destroy();
        }
        return cause;
    }

    /** Makes what is mined so far final at once. @param rpc of an embedded chain; one that is away is left alone */
    public static void finalizeNow(URI rpc) {
        try (Rpc node = new Rpc(rpc)) {
            node.ask("anvil_mine", hex(BigInteger.valueOf(FINALITY)));
        } catch (NodeFailed e) {
            // Then it takes its blocks' time.
        }
    }

    public Deployment deployment() {
        return deployment;
    }

    public URI rpc() {
        return AnvilProcess.address(port);
    }

    /** Of anvil; it changes when anvil is started again. */
    public long pid() {
        return anvil.process().pid();
    }

    @Override
    public void close() {
        stopWatching();
        try {
            anvil.keep();
        } catch (IOException | NodeFailed e) {
            say.accept("could not keep the chain's newest state: " + e.getMessage());
        }
        try {
            anvil.stop();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** All that a kill of the server does to it. */
    void stopWatching() {
        closing = true;
        keeper.interrupt();
        try {
            keeper.join(TimeUnit.SECONDS.toMillis(10));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** What has to be there, and is not: after the first start, and after the state was lost or an older one restored. */
    private void furnish() throws IOException, NodeFailed {
        boolean changed = fund(keys.deployer().address());
        changed |= fund(keys.operator().address());
        for (Address wallet : keys.wallets()) {
            changed |= fund(wallet);
        }
        changed |= deploy(TOKEN, TestToken.BINARY, List.of());
        changed |= deploy(VAULT, UsageVault.BINARY, List.of(address(created(TOKEN)), address(keys.operator().address()),
                address(keys.guardian().address()), address(keys.cold().address()), seconds(EPOCH), seconds(LONGEST_PAUSE),
                seconds(EXIT_DELAY), seconds(OPERATOR_NOTICE)));
        changed |= deploy(REGISTRY, ModelRegistry.BINARY, List.of());
        VaultCalls calls = new VaultCalls(deployment);
        for (Address wallet : keys.wallets()) {
            changed |= mint(calls, wallet);
        }
        if (changed) {
            // What is deployed and given is final at once: nobody waits for it.
            anvil.rpc().ask("anvil_mine", hex(BigInteger.valueOf(FINALITY)));
            anvil.keep();
        }
    }

    private boolean fund(Address address) throws NodeFailed {
        BigInteger has = Numeric.toBigInt(anvil.rpc().bytes("eth_getBalance", address.text(), "latest"));
        if (has.compareTo(ENOUGH) >= 0) {
            return false;
        }
        anvil.rpc().ask("anvil_setBalance", address.text(), hex(PLENTY));
        return true;
    }

    @SuppressWarnings("rawtypes")
    private boolean deploy(int nonce, String binary, List<Type> arguments) throws NodeFailed {
        Address at = created(nonce);
        if (hasCode(at)) {
            return false;
        }
        say.accept("deploying a contract to " + at);
        // A nonce used before, on a chain that lost the contract since, would give another address.
        anvil.rpc().ask("anvil_setNonce", keys.deployer().address().text(), hex(BigInteger.valueOf(nonce)));
        send(RawTransaction.createTransaction(CHAIN_ID, BigInteger.valueOf(nonce), GAS, "", BigInteger.ZERO,
                binary + FunctionEncoder.encodeConstructor(arguments), BigInteger.ONE, FEE));
        if (!hasCode(at)) {
            throw new NodeFailed("the contract at " + at + " could not be deployed");
        }
        return true;
    }

    private boolean mint(VaultCalls calls, Address wallet) throws NodeFailed {
        byte[] balance = anvil.rpc().bytes("eth_call", Map.of("to", deployment.token().text(), "data",
                "0x70a08231" + "0".repeat(24) + wallet.text().substring(2)), "latest");
        if (Numeric.toBigInt(balance).signum() > 0) {
            return false;
        }
        Call call = calls.mint(wallet, PLAY_MONEY);
        BigInteger nonce = BigInteger
                .valueOf(anvil.rpc().number("eth_getTransactionCount", keys.deployer().address().text(), "latest"));
        send(RawTransaction.createTransaction(CHAIN_ID, nonce, GAS, call.to().text(), BigInteger.ZERO,
                Numeric.toHexString(call.data()), BigInteger.ONE, FEE));
        return true;
    }

    private void send(RawTransaction transaction) throws NodeFailed {
        anvil.rpc().ask("eth_sendRawTransaction", Numeric.toHexString(keys.deployer().sign(transaction)));
        anvil.rpc().ask("anvil_mine", "0x1");
    }

    private boolean hasCode(Address at) throws NodeFailed {
        return anvil.rpc().bytes("eth_getCode", at.text(), "latest").length > 0;
    }

    private Address created(int nonce) {
        return Address.of(Numeric.hexStringToByteArray(
                ContractUtils.generateContractAddress(keys.deployer().address().text(), BigInteger.valueOf(nonce))));
    }

    private static org.web3j.abi.datatypes.Address address(Address address) {
        return new org.web3j.abi.datatypes.Address(address.text());
    }

    private static Uint40 seconds(Duration duration) {
        return new Uint40(duration.toSeconds());
    }

    private static String hex(BigInteger number) {
        return "0x" + number.toString(16);
    }

    private void watch() {
        int restarts = 0;
        long started = System.nanoTime();
        try {
            while (!closing) {
                try {
                    if (anvil.process().isAlive()) {
                        keepWhatIsNew();
                        restarts = System.nanoTime() - started > CALM_NANOS ? 0 : restarts;
                    } else if (restarts++ < MOST_RESTARTS) {
                        say.accept("the embedded chain ended; starting it again");
                        started = System.nanoTime();
                        anvil.rpc().close();
                        anvil = AnvilProcess.start(binary, folder, port, CHAIN_ID);
                        looked = 0;
                        furnish();
                    } else {
                        say.accept("the embedded chain ended " + MOST_RESTARTS + " times and stays away; see "
                                + folder.resolve("anvil.log") + " and start again.");
                        return;
                    }
                } catch (IOException | NodeFailed e) {
                    // Asked again in a moment; whoever follows the chain says that it is away.
                }
                Thread.sleep(500);
            }
        } catch (InterruptedException end) {
            Thread.currentThread().interrupt();
        }
    }

    /** Empty blocks may be lost: a chain that goes back by some of them is a re-org like others. */
    private void keepWhatIsNew() throws IOException, NodeFailed {
        long head = anvil.rpc().number("eth_blockNumber");
        // A snapshot put back, or a re-org.
        boolean changed = head < looked;
        for (long number = head; number > Math.max(looked, head - 20); number--) {
            if (anvil.rpc().number("eth_getBlockTransactionCountByNumber", hex(BigInteger.valueOf(number))) > 0) {
                changed = true;
                finalAt = number + FINALITY;
                break;
            }
        }
        // What is final is counted on, so a kill must not make it open again.
        boolean becameFinal = finalAt <= head;
        if (changed || becameFinal || System.nanoTime() - kept > TimeUnit.SECONDS.toNanos(KEEP_AT_LEAST_EVERY_SECONDS)) {
            anvil.keep();
            kept = System.nanoTime();
            finalAt = becameFinal ? Long.MAX_VALUE : finalAt;
        }
        looked = head;
    }
}
