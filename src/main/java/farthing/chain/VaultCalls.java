package farthing.chain;

import java.math.BigInteger;

import org.web3j.protocol.core.RemoteFunctionCall;
import org.web3j.tx.ReadonlyTransactionManager;
import org.web3j.tx.TransactionManager;
import org.web3j.tx.gas.ContractGasProvider;
import org.web3j.tx.gas.StaticGasProvider;
import org.web3j.utils.Numeric;

import farthing.money.Amount;

/** Calls of the vault and its token. Amounts must be whole micro-units. */
public final class VaultCalls {

    private static final long NANOS_PER_MICRO = 1_000;

    private final Deployment deployment;
    private final UsageVault vault;
    private final TestToken token;

    public VaultCalls(Deployment deployment) {
        this.deployment = deployment;
        // The wrappers only encode here; they are given no node to talk to.
        TransactionManager nobody = new ReadonlyTransactionManager(null, deployment.operator().text());
        ContractGasProvider noGas = new StaticGasProvider(BigInteger.ZERO, BigInteger.ZERO);
        vault = UsageVault.load(deployment.vault().text(), null, nobody, noGas);
        token = TestToken.load(deployment.token().text(), null, nobody, noGas);
    }

    /**
     * @param rows {@code line(4) ‖ debit(8)}, ascending @param credits {@code payee(20) ‖ amount(8)}, ascending, micro-units
     */
    public Call post(long seq, byte[] prevBatchHash, byte[] receiptsRoot, byte[] rows, byte[] credits) {
        return ofVault(vault.post(BigInteger.valueOf(seq), prevBatchHash, receiptsRoot, rows, credits));
    }

    /** @param vouchers packed, see {@code IUsageVault.raise} */
    public Call raise(byte[] vouchers) {
        return ofVault(vault.raise(vouchers));
    }

    public Call withdraw(Address payee) {
        return ofVault(vault.withdraw(payee.text()));
    }

    public Call exit(int line) {
        return ofVault(vault.exit(unsigned(line)));
    }

    public Call openLine(Address sessionKey) {
        return ofVault(vault.openLine(sessionKey.text()));
    }

    /** Lets the vault take this much of the sender's money. Of the test token only, which counts in micro-units. */
    public Call approve(Amount amount) {
        return ofToken(token.approve(deployment.vault().text(), micros(amount)));
    }

    public Call deposit(int line, Amount amount) {
        return ofVault(vault.deposit(unsigned(line), micros(amount)));
    }

    public Call raiseCeiling(int line, Amount ceiling) {
        return ofVault(vault.raiseCeiling(unsigned(line), micros(ceiling)));
    }

    public Call requestExit(int line) {
        return ofVault(vault.requestExit(unsigned(line)));
    }

    /** Of the test token only. */
    public Call mint(Address to, Amount amount) {
        return ofToken(token.mint(to.text(), micros(amount)));
    }

    private Call ofVault(RemoteFunctionCall<?> call) {
        return new Call(deployment.vault(), Numeric.hexStringToByteArray(call.encodeFunctionCall()));
    }

    private Call ofToken(RemoteFunctionCall<?> call) {
        return new Call(deployment.token(), Numeric.hexStringToByteArray(call.encodeFunctionCall()));
    }

    private static BigInteger unsigned(int line) {
        return BigInteger.valueOf(Integer.toUnsignedLong(line));
    }

    private static BigInteger micros(Amount amount) {
        if (amount.isNegative() || amount.nanos() % NANOS_PER_MICRO != 0) {
            throw new IllegalArgumentException(amount + " is no whole number of micro-units");
        }
        return BigInteger.valueOf(amount.nanos() / NANOS_PER_MICRO);
    }
}
