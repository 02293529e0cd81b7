package farthing.receipt;

import static farthing.receipt.Report.counted;
import static farthing.receipt.Report.expect;
import static farthing.receipt.Report.hex;
import static farthing.receipt.Report.micros;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.IntConsumer;

import org.jspecify.annotations.Nullable;

import farthing.chain.Address;
import farthing.money.Amount;
import farthing.money.Split;
import farthing.receipt.Report.Difference;

/** Computes a batch again from its published files, and stops at the first thing that comes out differently. */
final class BatchCheck {

    /** From so many receipts on, it takes long enough to show that something happens. */
    private static final int STEP = 100_000;
    private static final String MANIFEST = "the manifest says";
    private static final String SHARES = "the shares of the receipts add up to";

    private final BatchFiles files;
    private final BatchManifest manifest;
    private final Report report;
    private final Map<Integer, byte[]> contents = new HashMap<>();
    private final List<LineFile> lineFiles = new ArrayList<>();

    BatchCheck(BatchFiles files, Report report) {
        this.files = files;
        this.manifest = files.manifest();
        this.report = report;
    }

    boolean holds() throws IOException {
        return report.holds(this::manifestHash) && report.holds(this::lineHashes) && report.holds(this::tree)
                && report.holds(this::debits) && report.holds(this::shares) && report.holds(this::owed)
                && report.holds(this::held) && report.holds(this::credits) && report.holds(this::packing)
                && report.holds(this::history);
    }

    private String manifestHash() throws Difference {
        if (Source.isAddress(files.place())) {
            expect("manifest.json: seq", manifest.seq() + "", "the address asks for",
                    files.place().substring(files.place().lastIndexOf('/') + 1));
        }
        if (files.announced().isEmpty()) {
            return "the manifest of batch " + manifest.seq() + ", SHA-256 " + files.sha256();
        }
        expect("manifest.json: its SHA-256", files.sha256(), "the server announces", files.announced().get());
        return "the manifest of batch " + manifest.seq() + " is the one announced, SHA-256 " + files.sha256();
    }

    private String lineHashes() throws Difference, IOException {
        for (BatchManifest.Line line : manifest.lines()) {
            byte[] content = files.line(line.line());
            expect(LineFile.name(line.line()) + ": its SHA-256", BatchFiles.sha256(content), MANIFEST, line.sha256());
            contents.put(line.line(), content);
        }
        return "the files of " + counted(manifest.lines().size(), "line") + " have the hashes in the manifest";
    }

    private String tree() throws Difference {
        List<byte[]> nodes = new ArrayList<>();
        long receipts = 0;
        for (BatchManifest.Line line : manifest.lines()) {
            String name = LineFile.name(line.line());
            LineFile file = LineFile.read(line.line(), Objects.requireNonNull(contents.get(line.line())));
            expect(name + ": its number of receipts", file.receipts(), MANIFEST, line.receipts());
            expect(name + ": its number of sections", file.sections(), MANIFEST, line.sections());
            // Before the hashes, which say that there is a difference but not how large it is.
            expect(name + ": the sum of its charges", file.charges(),
                    "the manifest's cumulative_after less its cumulative_before is", line.after().minus(line.before()));
            LineTree tree = new LineTree(file, line.before(), progress(receipts));
            expect(name + ": the node of the line in the receipts tree", hex(tree.node()), MANIFEST, hex(line.node()));
            nodes.add(tree.node());
            lineFiles.add(file);
            receipts += file.receipts();
        }
        if (nodes.isEmpty()) {
            throw new Difference("manifest.json: it has no lines, and an empty batch is never posted.");
        }
        String root = hex(new ReceiptTree(nodes).root());
        expect("manifest.json: receipts_root", hex(manifest.receiptsRoot()), "the lines give", root);
        expect("manifest.json: totals.receipts", manifest.totals().receipts(), "the line files have", receipts);
        return counted(receipts, "receipt") + " of " + counted(nodes.size(), "line") + " give the receipts root " + root;
    }

    private IntConsumer progress(long before) {
        long all = manifest.totals().receipts();
        return done -> {
            if (all > STEP && (before + done) % STEP == 0) {
                report.progress(before + done, all, "receipts hashed");
            }
        };
    }

    private String debits() throws Difference {
        Amount sum = Amount.ZERO;
        for (BatchManifest.Line line : manifest.lines()) {
            Amount debit = Payout.debit(line.before(), line.after());
            expect("manifest.json: debit_micros of line " + Integer.toUnsignedString(line.line()), micros(line.debit()),
                    "its cumulatives give", micros(debit));
            sum = sum.plus(debit);
        }
        expect("manifest.json: totals.debits_micros", micros(manifest.totals().debits()), "the lines add up to", micros(sum));
        return "each line is debited what it used, in whole micro-units: " + micros(sum) + " in all";
    }

    private String shares() throws Difference {
        Map<Integer, BatchManifest.Version> versions = new HashMap<>();
        manifest.versions().forEach(version -> versions.put(version.version(), version));
        SortedMap<Address, Amount> earned = new TreeMap<>(History.ASCENDING);
        SortedMap<String, Amount> held = new TreeMap<>();
        Amount charges = Amount.ZERO;
        for (LineFile file : lineFiles) {
            for (int section = 0; section < file.sections(); section++) {
                for (int i = 0; i < file.count(section); i++) {
                    Receipt receipt = file.receipt(section, i);
                    share(receipt, versions.get(receipt.version()), earned, held);
                }
            }
            charges = charges.plus(file.charges());
        }
        for (BatchManifest.Payee payee : manifest.payees()) {
            expect("manifest.json: earned of payee " + payee.payee(), payee.earned(), SHARES,
                    taken(earned, payee.payee()));
        }
        for (BatchManifest.Held account : manifest.held()) {
            expect("manifest.json: earned of held " + account.account(), account.earned(), SHARES,
                    taken(held, account.account()));
        }
        missing("payee", earned);
        missing("held", held);
        expect("manifest.json: totals.charges", manifest.totals().charges(), "the receipts add up to", charges);
        return "the shares of each receipt by its version's split are what everybody earned: " + charges + " in all";
    }

    private void share(Receipt receipt, BatchManifest.@Nullable Version version, Map<Address, Amount> earned,
            Map<String, Amount> held) throws Difference {
        String number = Integer.toUnsignedString(receipt.version());
        if (version == null) {
            throw new Difference(LineFile.name(receipt.line()) + ": the receipt of lease "
                    + HexFormat.of().toHexDigits(receipt.lease()) + ", seq " + receipt.seq() + " is of version " + number
                    + ", which the manifest does not list.");
        }
        Split.Parts parts = version.split().divide(receipt.charge());
        earned.merge(version.developer(), parts.developer(), Amount::plus);
        earned.merge(manifest.platform(), parts.platform(), Amount::plus);
        held.merge("base_model:" + number, parts.baseModel(), Amount::plus);
        held.merge("data_pool:" + number, parts.dataPool(), Amount::plus);
        held.merge("validators:" + number, parts.validators(), Amount::plus);
    }

    private static <K> Amount taken(Map<K, Amount> amounts, K key) {
        Amount amount = amounts.remove(key);
        return amount == null ? Amount.ZERO : amount;
    }

    private static void missing(String what, Map<?, Amount> rest) throws Difference {
        for (Map.Entry<?, Amount> one : rest.entrySet()) {
            if (!one.getValue().isZero()) {
                throw new Difference("manifest.json: " + what + " " + one.getKey() + " is missing; " + SHARES + " "
                        + one.getValue() + ".");
            }
        }
    }

    private String owed() throws Difference {
        for (BatchManifest.Payee payee : manifest.payees()) {
            expect("manifest.json: owed_after of payee " + payee.payee(), payee.owedAfter(),
                    "owed_before, earned and the credit give",
                    payee.owedBefore().plus(payee.earned()).minus(payee.credited()));
        }
        return "what is owed to " + counted(manifest.payees().size(), "payee")
                + " is what was owed, plus earned, less credited";
    }

    private String held() throws Difference {
        for (BatchManifest.Held account : manifest.held()) {
            expect("manifest.json: after of held " + account.account(), account.after(), "before and earned give",
                    account.before().plus(account.earned()));
        }
        return "what is held back grew by what it earned";
    }

    private String credits() throws Difference {
        BatchManifest.Totals totals = manifest.totals();
        Amount available = totals.availableBefore().plus(totals.debits());
        Map<Address, Amount> owed = new HashMap<>();
        manifest.payees().forEach(payee -> owed.put(payee.payee(), payee.owedBefore().plus(payee.earned())));
        Map<Address, Amount> expected = Payout.credits(owed, manifest.platform(), manifest.threshold(), available,
                manifest.lines().size());
        Amount sum = Amount.ZERO;
        for (BatchManifest.Payee payee : manifest.payees()) {
            expect("manifest.json: credited_micros of payee " + payee.payee(), micros(payee.credited()), "the rule gives",
                    micros(expected.getOrDefault(payee.payee(), Amount.ZERO)));
            sum = sum.plus(payee.credited());
        }
        expect("manifest.json: totals.credits_micros", micros(totals.credits()), "the payees add up to", micros(sum));
        expect("manifest.json: totals.available_after_micros", micros(totals.availableAfter()),
                "what was available, the debits and the credits give", micros(available.minus(sum)));
        return "everybody who is owed the threshold is credited by the rule: " + micros(sum) + " in all";
    }

    private String packing() throws Difference {
        Map<Integer, Amount> debits = new HashMap<>();
        manifest.lines().forEach(line -> debits.put(line.line(), line.debit()));
        Packed.expectRows("manifest.json: rows", manifest.rows(), "the lines give", History.rows(debits));
        Map<Address, Amount> credits = new HashMap<>();
        manifest.payees().stream().filter(payee -> !payee.credited().isZero())
                .forEach(payee -> credits.put(payee.payee(), payee.credited()));
        Packed.expectCredits("manifest.json: credits", manifest.credits(), "the payees give", History.credits(credits));
        return counted(debits.size(), "row") + " and " + counted(credits.size(), "credit") + " say the same";
    }

    private String history() throws Difference {
        if (manifest.parent() >= manifest.seq()) {
            throw new Difference(
                    "manifest.json: its parent is batch " + manifest.parent() + ", which does not come before batch "
                            + manifest.seq() + ".");
        }
        if (manifest.seq() == 1) {
            expect("manifest.json: prev_batch_hash", hex(manifest.prevBatchHash()), "the history of a new vault begins with",
                    hex(History.genesis(manifest.chainId(), manifest.vault())));
        }
        String hash = hex(History.afterBatch(manifest.prevBatchHash(), manifest.seq(), manifest.parent(),
                manifest.receiptsRoot(), manifest.rows(), manifest.credits()));
        expect("manifest.json: history_hash", hex(manifest.historyHash()), "the batch gives", hash);
        return "the history hash after the batch is " + hash;
    }
}
