package farthing.receipt;

import static farthing.receipt.Report.expect;
import static farthing.receipt.Report.hex;
import static farthing.receipt.Report.micros;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

import farthing.chain.VaultReader;
import farthing.receipt.Report.Difference;

/** Compares a batch, or the proof of one receipt, with what its vault has on the chain. */
final class ChainCheck {

    private final VaultReader reader;
    private final Report report;

    ChainCheck(VaultReader reader, Report report) {
        this.reader = reader;
        this.report = report;
    }

    /** @param state what the server says has become of it @param transaction that posted it, as the server says */
    boolean holds(BatchManifest manifest, String state, Optional<String> transaction) throws IOException {
        if (!report.holds(() -> rightChain(manifest.chainId()))) {
            return false;
        }
        Optional<VaultReader.Posting> posting = reader.posted(manifest.seq(), transaction);
        return posting.isEmpty() ? notPosted(manifest.seq(), state)
                : report.holds(() -> asPosted(manifest, posting.get()))
                        && report.holds(() -> stands(manifest.seq(), posting.get()));
    }

    boolean holds(BatchProof proof) throws IOException {
        BatchProof.Batch batch = proof.batch();
        if (!report.holds(() -> rightChain(batch.chainId()))) {
            return false;
        }
        Optional<VaultReader.Posting> posting = reader.posted(batch.seq(), Optional.ofNullable(batch.transaction()));
        return posting.isEmpty() ? notPosted(batch.seq(), proof.state())
                : report.holds(() -> asPosted(proof, posting.get())) && report.holds(() -> stands(batch.seq(), posting.get()));
    }

    private String rightChain(long expected) throws Difference, IOException {
        expect("The chain id of the node", reader.chainId(), "the batch was made for", expected);
        if (!reader.hasCode()) {
            throw new Difference("There is no contract at " + reader.vault() + " on chain " + expected
                    + "; is it the vault's address, and that chain's node?");
        }
        return "the node is of chain " + expected + " and has a contract at " + reader.vault();
    }

    private boolean notPosted(long seq, String state) throws IOException {
        // One that was mined may be on its way back after a re-org, or this node may be behind; a final one has no excuse.
        if (state.equalsIgnoreCase("final")) {
            return report.holds(() -> {
                throw new Difference("The server calls batch " + seq + " " + state + ", and the vault holds no such batch.");
            });
        }
        report.note(
                "batch " + seq + " is not posted, or this node does not know it yet, so it is proved against its files only");
        return true;
    }

    private String asPosted(BatchManifest manifest, VaultReader.Posting posting) throws Difference {
        String posted = "transaction " + posting.transaction() + " posted";
        VaultReader.@Nullable PostCall call = posting.call();
        if (call != null) {
            expect("manifest.json: seq", manifest.seq(), posted, call.seq());
            expect("manifest.json: receipts_root", hex(manifest.receiptsRoot()), posted, hex(call.receiptsRoot()));
            Packed.expectRows("manifest.json: rows", manifest.rows(), posted, call.rows());
            Packed.expectCredits("manifest.json: credits", manifest.credits(), posted, call.credits());
            expect("manifest.json: prev_batch_hash", hex(manifest.prevBatchHash()), posted, hex(call.prevBatchHash()));
        }
        expect("manifest.json: receipts_root", hex(manifest.receiptsRoot()), "the vault logged",
                hex(posting.receiptsRoot()));
        // It covers rows, credits and all batches before, also where a wallet contract made the call.
        expect("manifest.json: history_hash", hex(manifest.historyHash()), "the vault logged", hex(posting.historyHash()));
        expect("manifest.json: totals.debits_micros", micros(manifest.totals().debits()), "the vault logged",
                micros(posting.debited()));
        expect("manifest.json: totals.credits_micros", micros(manifest.totals().credits()), "the vault logged",
                micros(posting.credited()));
        return "the vault has its root, rows, credits and history, posted by " + posting.transaction();
    }

    private String asPosted(BatchProof proof, VaultReader.Posting posting) throws Difference {
        BatchProof.Batch batch = proof.batch();
        String posted = "transaction " + posting.transaction() + " posted";
        expect("The proof's receipts_root", hex(batch.receiptsRoot()), "the vault logged", hex(posting.receiptsRoot()));
        expect("The proof's history_hash", hex(batch.historyHash()), "the vault logged", hex(posting.historyHash()));
        VaultReader.@Nullable PostCall call = posting.call();
        if (call == null) {
            return "the vault has its root, posted by " + posting.transaction();
        }
        List<String> rows = Packed.rows("The rows of " + posting.transaction(), call.rows());
        expect("The proof's number of rows", batch.rows(), posted, rows.size());
        expect("The row of the receipt's line",
                "'" + Packed.row(proof.receipt().line(), History.micros(proof.debit())) + "'", posted,
                "'" + rows.get(batch.index()) + "'");
        return "the vault has its root and debited " + rows.get(batch.index()) + ", posted by " + posting.transaction();
    }

    private String stands(long seq, VaultReader.Posting posting) throws Difference, IOException {
        Optional<Long> voided = reader.voided(seq, posting.block());
        if (voided.isPresent()) {
            throw new Difference("Batch " + seq + " was posted and then taken back by the guardian, as number " + voided.get()
                    + " of the history; its receipts are settled again by a later batch.");
        }
        long finalized = reader.finalized();
        return "posted in block " + posting.block()
                + (posting.block() <= finalized ? ", which is final"
                        : ", not final yet: the chain is final up to " + finalized);
    }
}
