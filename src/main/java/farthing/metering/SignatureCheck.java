package farthing.metering;

import java.util.Arrays;
import java.util.List;

import jakarta.inject.Singleton;

import farthing.receipt.ReceiptSigner;
import farthing.receipt.ReceiptTree;

/** Recomputes from the stored rows what the signature of a receipt claims; nothing is believed because it is stored. */
@Singleton
class SignatureCheck {

    /** @param path the neighbours from the receipt's leaf up to the signed root */
    record Result(boolean holds, String signer, String fault, List<byte[]> path) {
    }

    private final UsageLog log;
    private final ReceiptSigner signer;

    SignatureCheck(UsageLog log, ReceiptSigner signer) {
        this.log = log;
        this.signer = signer;
    }

    Result of(UsageLog.Full call) {
        UsageLog.Commit commit = call.commit();
        List<byte[]> path = new ReceiptTree(log.leaves(commit.id())).path(call.leafIndex());
        String address = signer.recovered(commit.root(), commit.size(), commit.signature());
        if (!Arrays.equals(call.body().hash(call.salts().body()), call.receipt().bodyHash())) {
            return new Result(false, address, "The body does not have the hash that the receipt states.", path);
        }
        if (!ReceiptTree.proves(call.receipt().leaf(), call.leafIndex(), commit.size(), path, commit.root())) {
            return new Result(false, address, "The receipt is not under the root that was signed.", path);
        }
        if (!signer.isSignedBy(commit.signer(), commit.root(), commit.size(), commit.signature())) {
            return new Result(false, address, "The signature is not by the address that the receipt names.", path);
        }
        return new Result(true, address, "", path);
    }
}
