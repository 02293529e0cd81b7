package farthing.receipt;

import farthing.chain.Eip712;
import farthing.chain.Signatures;
import farthing.chain.SigningKey;

/**
 * Signs the receipts of one group commit with one EIP-712 signature over {@code ReceiptCommit(bytes32 root,uint32 size)} in the
 * domain {@code (name "Farthing", version "1", chainId)}.
 */
public final class ReceiptSigner {

    public static final String TYPE = "ReceiptCommit(bytes32 root,uint32 size)";
    public static final String DOMAIN = "Farthing";
    public static final String VERSION = "1";

    private static final Eip712.Type COMMIT = Eip712.type(TYPE);

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

    public long chainId() {
        return chainId;
    }

    /**
     * Who signed that root in the domain of that chain, 20 bytes; some address comes out of any well-formed signature.
     *
     * @throws farthing.chain.MalformedSignature for one that nobody can have made
     */
    public static byte[] recover(long chainId, byte[] root, int size, byte[] signature) {
        return Signatures.recover(digest(domain(chainId).separator(), root, size), signature).bytes();
    }

    private static Eip712.Domain domain(long chainId) {
        return new Eip712.Domain(DOMAIN, VERSION, chainId, null);
    }

    private static byte[] digest(byte[] domainSeparator, byte[] root, int size) {
        return Eip712.digest(domainSeparator, COMMIT.with().bytes32(root).uint(size).hash());
    }
}
