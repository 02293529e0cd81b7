package farthing.chain;

import java.io.IOException;
import java.math.BigInteger;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.web3j.abi.EventEncoder;
import org.web3j.abi.datatypes.Event;
import org.web3j.crypto.Credentials;
import org.web3j.protocol.Web3j;
import org.web3j.protocol.core.DefaultBlockParameterName;
import org.web3j.protocol.core.Request;
import org.web3j.protocol.core.Response;
import org.web3j.protocol.core.methods.request.EthFilter;
import org.web3j.protocol.core.methods.response.Log;
import org.web3j.protocol.http.HttpService;
import org.web3j.tx.RawTransactionManager;
import org.web3j.tx.TransactionManager;
import org.web3j.tx.gas.StaticGasProvider;

/** Somebody from outside with a wallet of their own: all they know is in demo.env, and they use web3j alone. */
public final class Wallet implements AutoCloseable {

    private static final BigInteger GAS_PRICE = BigInteger.valueOf(20_000_000_000L);
    private static final BigInteger GAS = BigInteger.valueOf(1_000_000);

    private final SigningKey key;
    private final UsageVault vault;
    private final TestToken token;
    private final HttpService http;
    private final Web3j web3j;

    /** @param facts of demo.env */
    public Wallet(Map<String, String> facts, SigningKey key) {
        this.key = key;
        http = new HttpService(facts.get("FARTHING_RPC_URL"));
        web3j = Web3j.build(http);
        TransactionManager sender = new RawTransactionManager(web3j, Credentials.create(key.secretHex()),
                Long.parseLong(Objects.requireNonNull(facts.get("FARTHING_CHAIN_ID"))), 200, 100);
        StaticGasProvider gas = new StaticGasProvider(GAS_PRICE, GAS);
        vault = UsageVault.load(facts.get("FARTHING_VAULT"), web3j, sender, gas);
        token = TestToken.load(facts.get("FARTHING_TOKEN"), web3j, sender, gas);
    }

    public static Wallet fresh(Map<String, String> facts) {
        return new Wallet(facts, SigningKey.generate(new SecureRandom()));
    }

    public SigningKey key() {
        return key;
    }

    public String address() {
        return key.address().text();
    }

    /** Opens a line, deposits and allows spending; the amounts are micro-units. */
    public int openLine(long deposit, long ceiling) throws Exception {
        anvil("anvil_setBalance", address(), "0xde0b6b3a7640000");
        int line = UsageVault.getLineOpenedEvents(vault.openLine("0x" + "0".repeat(40)).send()).getFirst().line.intValueExact();
        deposit(line, deposit);
        raise(line, ceiling);
        return line;
    }

    public void deposit(int line, long amount) throws Exception {
        token.mint(address(), BigInteger.valueOf(amount)).send();
        token.approve(vault.getContractAddress(), BigInteger.valueOf(amount)).send();
        vault.deposit(BigInteger.valueOf(line), BigInteger.valueOf(amount)).send();
    }

    public void requestExit(int line) throws Exception {
        vault.requestExit(BigInteger.valueOf(line)).send();
    }

    public void exit(int line) throws Exception {
        vault.exit(BigInteger.valueOf(line)).send();
    }

    public void raise(int line, long ceiling) throws Exception {
        vault.raiseCeiling(BigInteger.valueOf(line), BigInteger.valueOf(ceiling)).send();
    }

    public long tokens() throws Exception {
        return token.balanceOf(address()).send().longValueExact();
    }

    /** What the vault holds and what it owes, in micro-units. */
    public long held() throws Exception {
        return token.balanceOf(vault.getContractAddress()).send().longValueExact();
    }

    public long owed() throws Exception {
        return vault.head().send().component3().longValueExact();
    }

    /** What was credited to its owner and not withdrawn, in micro-units. */
    public long credited() throws Exception {
        var payee = vault.payeeOf(address()).send();
        return payee.component1().add(payee.component2()).longValueExact();
    }

    public long used(int line) throws Exception {
        return vault.lineOf(BigInteger.valueOf(line)).send().component5().longValueExact();
    }

    /** A batch that was posted; hashes in hex digits, amounts in micro-units. */
    public record Posted(long seq, String historyHash, String receiptsRoot, long debited, long credited) {
    }

    /** Every batch that the chain has and no void took back, each as often as it is there. */
    public List<Posted> posted() throws IOException {
        Set<BigInteger> voided = logs(UsageVault.VOIDED_EVENT).map(log -> UsageVault.getVoidedEventFromLog(log).voided)
                .collect(Collectors.toSet());
        return logs(UsageVault.POSTED_EVENT).map(UsageVault::getPostedEventFromLog).filter(its -> !voided.contains(its.seq))
                .map(its -> new Posted(its.seq.longValueExact(), HexFormat.of().formatHex(its.historyHash),
                        HexFormat.of().formatHex(its.receiptsRoot), its.debited.longValueExact(),
                        its.credited.longValueExact()))
                .toList();
    }

    private Stream<Log> logs(Event event) throws IOException {
        EthFilter filter = new EthFilter(DefaultBlockParameterName.EARLIEST, DefaultBlockParameterName.LATEST,
                vault.getContractAddress());
        filter.addSingleTopic(EventEncoder.encode(event));
        return web3j.ethGetLogs(filter).send().getLogs().stream().map(result -> (Log) result.get());
    }

    public void travel(Duration time) throws IOException {
        anvil("evm_increaseTime", time.toSeconds());
        mine(1);
    }

    public void mine(int blocks) throws IOException {
        anvil("anvil_mine", "0x" + Integer.toHexString(blocks));
    }

    /** The newest blocks are replaced by empty ones. */
    public void reorg(int depth) throws IOException {
        anvil("anvil_reorg", depth, List.of());
    }

    public long blockNumber() throws IOException {
        return web3j.ethGetBlockByNumber(DefaultBlockParameterName.LATEST, false).send().getBlock().getNumber()
                .longValueExact();
    }

    public void anvil(String method, Object... parameters) throws IOException {
        Response<?> answer = new Request<>(method, List.of(parameters), http, Response.class).send();
        if (answer.hasError()) {
            throw new IOException(method + ": " + answer.getError().getMessage());
        }
    }

    @Override
    public void close() {
        web3j.shutdown();
    }
}
