package farthing.metering;

import java.util.List;

import jakarta.inject.Singleton;

import farthing.receipt.ReceiptProof;
import farthing.receipt.ReceiptSigner;
import farthing.receipt.ReceiptTree;

/** Makes the proof of a receipt from the rows of its commit; nothing is believed because it is stored. */
@Singleton
class Proofs {

    private final UsageLog log;
    private final ReceiptSigner signer;

    Proofs(UsageLog log, ReceiptSigner signer) {
        this.log = log;
        this.signer = signer;
    }

    ReceiptProof of(UsageLog.Full call) {
        UsageLog.Commit commit = call.commit();
        List<byte[]> path = new ReceiptTree(log.leaves(commit)).path(call.leafIndex());
        return new ReceiptProof(call.receipt(), call.body(), call.salts().body(), path, call.leafIndex(), commit.size(),
                commit.root(), commit.signer(), commit.signature(), signer.chainId());
    }
}
