package farthing.receipt;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

import farthing.chain.Address;
import farthing.money.Amount;

/**
 * Proves one receipt against the root that a batch posted: leaf → section → line → root, see {@link LineTree}. Written as
 * {@code /v1/receipts/{id}/proof}.
 */
public record BatchProof(Receipt receipt, Section section, Line line, Batch batch, String state) {

    /** @param path from the leaf at {@code index} up to the root of the {@code count} leaves of the section */
    public record Section(int firstSeq, int count, Amount before, Amount after, List<byte[]> path, int index) {
    }

    /** @param path from the section's node at {@code index} up to the root of the {@code sections} sections of the line */
    public record Line(Amount before, Amount after, int sections, List<byte[]> path, int index) {
    }

    /**
     * @param path from the line's node at {@code index} up to the receipts root of {@code rows} lines
     * @param transaction hash of the one that posted it, null while there is none
     * @param block its number, null while there is none
     */
    public record Batch(long seq, int rows, List<byte[]> path, int index, byte[] receiptsRoot, byte[] historyHash,
            @Nullable String transaction, @Nullable Long block, Address vault, long chainId) {
    }

    /**
     * The proof of a receipt of that line.
     *
     * @param tree of a line of that manifest
     * @param state what has become of the batch, for people
     * @return empty when the batch has no such receipt
     */
    public static Optional<BatchProof> of(BatchManifest manifest, LineTree tree, long lease, int seq,
            @Nullable String transaction, @Nullable Long block, String state) {
        LineFile file = tree.file();
        for (int i = 0; i < file.sections(); i++) {
            int index = seq - file.firstSeq(i);
            if (file.lease(i) == lease && index >= 0 && index < file.count(i)) {
                Section section = new Section(file.firstSeq(i), file.count(i), tree.before(i), tree.after(i),
                        tree.pathOfLeaf(i, index), index);
                Line line = new Line(tree.before(), tree.after(), file.sections(), tree.pathOfSection(i), i);
                List<Integer> lines = manifest.lines().stream().map(BatchManifest.Line::line).toList();
                int row = lines.indexOf(file.line());
                List<byte[]> path = new ReceiptTree(manifest.lines().stream().map(BatchManifest.Line::node).toList()).path(row);
                return Optional.of(new BatchProof(file.receipt(i, index), section, line,
                        new Batch(manifest.seq(), lines.size(), path, row, manifest.receiptsRoot(), manifest.historyHash(),
                                transaction, block, manifest.vault(), manifest.chainId()),
                        state));
            }
        }
        return Optional.empty();
    }

    /** The first thing that does not hold, in a sentence; empty when the receipt is under the root. */
    public Optional<String> fault() {
        if (receipt.seq() - section.firstSeq() != section.index()) {
            return Optional.of("The receipt has seq " + receipt.seq() + " and stands at index " + section.index()
                    + " of a section that begins with seq " + section.firstSeq() + ".");
        }
        if (section.before().isLessThan(line.before()) || line.after().isLessThan(section.after())
                || section.after().minus(section.before()).isLessThan(receipt.charge())) {
            return Optional.of("The cumulatives of receipt, section and line do not lie within each other.");
        }
        Optional<byte[]> leaves = ReceiptTree.climb(receipt.leaf(), section.index(), section.count(), section.path());
        if (leaves.isEmpty()) {
            return Optional.of("The path from the receipt to its section has another length than the section's tree.");
        }
        byte[] sectionNode = LineTree.sectionNode(receipt.lease(), section.firstSeq(), section.count(), section.before(),
                section.after(), leaves.get());
        Optional<byte[]> sections = ReceiptTree.climb(sectionNode, line.index(), line.sections(), line.path());
        if (sections.isEmpty()) {
            return Optional.of("The path from the section to its line has another length than the line's tree.");
        }
        byte[] lineNode = LineTree.lineNode(receipt.line(), line.before(), line.after(), line.sections(), sections.get());
        Optional<byte[]> root = ReceiptTree.climb(lineNode, batch.index(), batch.rows(), batch.path());
        if (root.isEmpty()) {
            return Optional.of("The path from the line to the root has another length than the batch's tree.");
        }
        return Arrays.equals(root.get(), batch.receiptsRoot()) ? Optional.empty()
                : Optional.of("The receipt is not under the root of batch " + batch.seq() + ": its paths lead to "
                        + hex(root.get()) + ", the proof says " + hex(batch.receiptsRoot()) + ".");
    }

    /** What the line's row debits, in whole micro-units. */
    Amount debit() {
        return Payout.debit(line.before(), line.after());
    }

    /** The object to publish, in order. */
    public Map<String, Object> fields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("object", "receipt_proof");
        fields.put("receipt", receiptFields());
        fields.put("leaf", hex(receipt.leaf()));
        fields.put("section", sectionFields());
        fields.put("line", lineFields());
        fields.put("batch", batchFields());
        fields.put("state", state);
        return fields;
    }

    /** @throws MalformedFile naming the field that is missing, unknown or wrong */
    public static BatchProof read(byte[] json) {
        return StrictJson.read("the proof", json, "receipt_proof", BatchProof::of);
    }

    private Map<String, Object> receiptFields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("line", Integer.toUnsignedLong(receipt.line()));
        fields.put("lease", HexFormat.of().toHexDigits(receipt.lease()));
        fields.put("seq", receipt.seq());
        fields.put("version", Integer.toUnsignedLong(receipt.version()));
        fields.put("charge_nanos", receipt.charge().nanos());
        fields.put("body_hash", hex(receipt.bodyHash()));
        fields.put("shares_hash", hex(receipt.sharesHash()));
        return fields;
    }

    private Map<String, Object> sectionFields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("lease", HexFormat.of().toHexDigits(receipt.lease()));
        fields.put("first_seq", section.firstSeq);
        fields.put("count", section.count);
        fields.put("cumulative_before", section.before.nanos());
        fields.put("cumulative_after", section.after.nanos());
        fields.put("path", hex(section.path));
        fields.put("index", section.index);
        return fields;
    }

    private Map<String, Object> lineFields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("line", Integer.toUnsignedLong(receipt.line()));
        fields.put("cumulative_before", line.before.nanos());
        fields.put("cumulative_after", line.after.nanos());
        fields.put("sections", line.sections);
        fields.put("path", hex(line.path));
        fields.put("index", line.index);
        return fields;
    }

    private Map<String, Object> batchFields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("seq", batch.seq);
        fields.put("rows", batch.rows);
        fields.put("path", hex(batch.path));
        fields.put("index", batch.index);
        fields.put("receipts_root", hex(batch.receiptsRoot));
        fields.put("history_hash", hex(batch.historyHash));
        if (batch.transaction != null && batch.block != null) {
            fields.put("transaction", batch.transaction);
            fields.put("block", batch.block);
        }
        fields.put("vault", batch.vault.text());
        fields.put("chain_id", batch.chainId);
        return fields;
    }

    private static BatchProof of(StrictJson json) {
        Receipt receipt = json.object("receipt", its -> new Receipt(its.number32("line"), lease(its), its.number31("seq"),
                its.number32("version"), its.nanos("charge_nanos"), its.hash("body_hash"), its.hash("shares_hash")));
        if (!Arrays.equals(json.hash("leaf"), receipt.leaf())) {
            throw json.wrong("leaf", "is not the hash of 'receipt', which is " + hex(receipt.leaf()));
        }
        return new BatchProof(receipt, json.object("section", its -> section(its, receipt)),
                json.object("line", its -> line(its, receipt)), json.object("batch", BatchProof::batch), json.text("state"));
    }

    private static Section section(StrictJson json, Receipt receipt) {
        if (lease(json) != receipt.lease()) {
            throw json.wrong("lease", "is not the receipt's");
        }
        return new Section(json.number31("first_seq"), json.number31("count"), json.nanos("cumulative_before"),
                json.nanos("cumulative_after"), json.hashes("path"), json.number31("index"));
    }

    private static Line line(StrictJson json, Receipt receipt) {
        if (json.number32("line") != receipt.line()) {
            throw json.wrong("line", "is not the receipt's");
        }
        return new Line(json.nanos("cumulative_before"), json.nanos("cumulative_after"), json.number31("sections"),
                json.hashes("path"), json.number31("index"));
    }

    private static Batch batch(StrictJson json) {
        boolean mined = json.has("transaction");
        return new Batch(json.number("seq"), json.number31("rows"), json.hashes("path"), json.number31("index"),
                json.hash("receipts_root"), json.hash("history_hash"),
                mined ? json.text("transaction", "0x[0-9a-f]{64}", "a transaction hash") : null,
                mined ? json.number("block") : null, json.address("vault"), json.number("chain_id"));
    }

    private static long lease(StrictJson json) {
        return Long.parseUnsignedLong(json.text("lease", "[0-9a-f]{16}", "16 lower-case hex digits"), 16);
    }

    private static List<String> hex(List<byte[]> path) {
        return path.stream().map(BatchProof::hex).toList();
    }

    private static String hex(byte[] bytes) {
        return "0x" + HexFormat.of().formatHex(bytes);
    }
}
