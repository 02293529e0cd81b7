package farthing.chain;

import java.math.BigInteger;
import java.net.URI;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

import org.web3j.protocol.core.RemoteFunctionCall;
import org.web3j.tx.ReadonlyTransactionManager;
import org.web3j.tx.gas.StaticGasProvider;

import farthing.money.Amount;

/** A vault on a chain of its own, with money on its lines 1 to 4, for tests of what is posted there. */
public final class TestVault implements AutoCloseable {

    private static final Amount ENOUGH = Amount.ofTokens(1_000);

    private final LocalChain chain;
    private final UsageVault encoder;

    public TestVault(Path folder) {
        chain = new LocalChain(folder);
        encoder = UsageVault.load(address().text(), null, new ReadonlyTransactionManager(null, address().text()),
                new StaticGasProvider(BigInteger.ZERO, BigInteger.ZERO));
        for (int line = 1; line <= 4; line++) {
            chain.line(line, ENOUGH, ENOUGH);
        }
    }

    public Address address() {
        return chain.deployment.vault();
    }

    public URI rpc() {
        return chain.deployment.rpc();
    }

    /** @return hash of the transaction, which is mined */
    public String post(long seq, byte[] prevBatchHash, byte[] receiptsRoot, byte[] rows, byte[] credits) {
        return mined(LocalChain.OPERATOR.address(), chain.calls.post(seq, prevBatchHash, receiptsRoot, rows, credits));
    }

    /** As the guardian: a pause, and the newest live batch is taken back. */
    public void voidNewest(long parent, byte[] prevBatchHash, byte[] receiptsRoot, byte[] rows, byte[] credits) {
        Address guardian = Address.of(HexFormat.of().parseHex(String.valueOf(chain.tell("eth_call",
                Map.of("to", address().text(), "data", encoder.GUARDIAN().encodeFunctionCall()), "latest")), 26, 66));
        mined(guardian, call(encoder.pause()));
        mined(guardian, call(encoder.voidNewest(BigInteger.valueOf(parent), prevBatchHash, receiptsRoot, rows, credits,
                List.of())));
    }

    public void mine(int blocks) {
        chain.mine(blocks);
    }

    private String mined(Address from, Call call) {
        String hash = chain.send(from, call);
        chain.mine(1);
        Map<?, ?> receipt = (Map<?, ?>) chain.tell("eth_getTransactionReceipt", hash);
        if (!"0x1".equals(receipt.get("status"))) {
            throw new IllegalStateException("reverted: " + receipt);
        }
        return hash;
    }

    private Call call(RemoteFunctionCall<?> encoded) {
        String hex = encoded.encodeFunctionCall();
        return new Call(address(), HexFormat.of().parseHex(hex, 2, hex.length()));
    }

    @Override
    public void close() {
        chain.close();
    }
}
