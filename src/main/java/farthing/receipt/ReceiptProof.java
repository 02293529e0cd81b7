package farthing.receipt;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

import farthing.chain.MalformedSignature;

/**
 * A receipt together with all that proves it. The check believes nothing but the signature: every hash is computed again.
 *
 * @param body null where the receipt is not opened
 * @param bodySalt {@link Salts#body}, with the body
 * @param path from the leaf at {@code leafIndex} up to the root
 * @param size receipts under the root
 * @param signer 20 bytes, who is said to have signed
 * @param signature 65 bytes over root and size
 */
public record ReceiptProof(Receipt receipt, @Nullable ReceiptBody body, byte @Nullable [] bodySalt, List<byte[]> path,
        int leafIndex,
        int size, byte[] root, byte[] signer, byte[] signature, long chainId) {

    /** The first thing that does not hold, in a sentence; empty when the receipt is proved. */
    public Optional<String> fault() {
        if (body != null && bodySalt != null && !Arrays.equals(body.hash(bodySalt), receipt.bodyHash())) {
            return Optional.of("The body does not have the hash that the receipt states.");
        }
        if (!ReceiptTree.proves(receipt.leaf(), leafIndex, size, path, root)) {
            return Optional.of("The receipt is not under the root that was signed.");
        }
        try {
            return Arrays.equals(ReceiptSigner.recover(chainId, root, size, signature), signer) ? Optional.empty()
                    : Optional.of("The signature is not by the address that the receipt names.");
        } catch (MalformedSignature e) {
            return Optional.of("The signature is none: " + e.detail());
        }
    }
}
