package farthing.chain;

import farthing.money.Amount;

/** Calls of the vault and its token. Amounts must be whole micro-units. */
public final class VaultCalls {

    private final Deployment deployment;

    public VaultCalls(Deployment deployment) {
        this.deployment = deployment;
    }

    /**
     * @param rows {@code line(4) ‖ debit(8)}, ascending @param credits {@code payee(20) ‖ amount(8)}, ascending, micro-units
     */
    public Call post(long seq, byte[] prevBatchHash, byte[] receiptsRoot, byte[] rows, byte[] credits) {
        throw new UnsupportedOperationException(deployment + "");
    }

    /** @param vouchers packed, see {@code IUsageVault.raise} */
    public Call raise(byte[] vouchers) {
        throw new UnsupportedOperationException(deployment + "");
    }

    public Call withdraw(Address payee) {
        throw new UnsupportedOperationException(deployment + "");
    }

    public Call exit(int line) {
        throw new UnsupportedOperationException(deployment + "");
    }

    public Call openLine(Address sessionKey) {
        throw new UnsupportedOperationException(deployment + "");
    }

    public Call approve(Amount amount) {
        throw new UnsupportedOperationException(deployment + "");
    }

    public Call deposit(int line, Amount amount) {
        throw new UnsupportedOperationException(deployment + "");
    }

    public Call raiseCeiling(int line, Amount ceiling) {
        throw new UnsupportedOperationException(deployment + "");
    }

    /** Of the test token only. */
    public Call mint(Address to, Amount amount) {
        throw new UnsupportedOperationException(deployment + "");
    }
}
