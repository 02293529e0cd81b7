package farthing.receipt;

import java.util.Arrays;

import farthing.chain.Address;
import farthing.chain.Eip712;
import farthing.chain.Signatures;
import farthing.chain.SigningKey;

/**
 * Signs the receipts of one group commit with one EIP-712 signature over {@code ReceiptCommit(bytes32 root,uint32 size)} in the
 * domain {@code (name "Farthing", version "1", chainId)}.
 */
public final class ReceiptSigner {

    private static final Eip712.Type COMMIT = Eip712.type("ReceiptCommit(bytes32 root,uint32 size)");

    private final SigningKey key;
    private final long chainId;
    private final byte[] domainSeparator;

    public ReceiptSigner(SigningKey key, long chainId) {
        this.key = key;
        this.chainId = chainId;
        this.domainSeparator = domain(chainId).separator();
    }

    /** The 20 bytes of the signer's address. */
    public byte[] address() {
        return key.address().bytes();
    }

    /** @return 65 bytes {@code r ‖ s ‖ v}; the same root always gives the same signature */
    public byte[] sign(byte[] root, int size) {
        if (size < 1) {
            throw new IllegalArgumentException("a commit has at least one receipt");
        }
        return key.sign(digest(domainSeparator, root, size));
    }

    /** The address, as text, that signed the root; of whoever that was. */
    public String recovered(byte[] root, int size, byte[] signature) {
        return recover(root, size, signature).text();
    }

    /** Whether the address of 20 bytes signed the root. Earlier keys of this server are addresses too. */
    public boolean isSignedBy(byte[] address, byte[] root, int size, byte[] signature) {
        return Arrays.equals(recover(root, size, signature).bytes(), address);
    }

    public long chainId() {
        return chainId;
    }

    private Address recover(byte[] root, int size, byte[] signature) {
        return Signatures.recover(digest(domainSeparator, root, size), signature);
    }

    private static Eip712.Domain domain(long chainId) {
        return new Eip712.Domain("Farthing", "1", chainId, null);
    }

    private static byte[] digest(byte[] domainSeparator, byte[] root, int size) {
        return Eip712.digest(domainSeparator, COMMIT.with().bytes32(root).uint(size).hash());
    }
}
