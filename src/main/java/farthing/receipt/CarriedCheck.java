package farthing.receipt;

import static farthing.receipt.Report.expect;
import static farthing.receipt.Report.hex;
import static farthing.receipt.Report.micros;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

import farthing.money.Amount;
import farthing.receipt.Report.Difference;

/** Checks that a batch goes on where the live batch before it ended: what it carries over is what was left there. */
final class CarriedCheck {

    /** A line that rested longer is left open: every batch before is a question to the server. */
    private static final int MOST_BACK = 1_000;

    private final BatchFiles files;
    private final BatchManifest manifest;
    private final Report report;

    CarriedCheck(BatchFiles files, Report report) {
        this.files = files;
        this.manifest = files.manifest();
        this.report = report;
    }

    /** @param given the manifest before it, where it was named; else it is looked for on the server */
    boolean holds(Optional<BatchManifest> given) throws IOException {
        if (manifest.parent() == 0) {
            return report.holds(this::beginsWithNothing);
        }
        Optional<BatchManifest> parent = given.isPresent() ? given : files.before(manifest.parent());
        if (parent.isEmpty()) {
            report.note("what is carried over was not compared; --previous names the manifest of batch " + manifest.parent());
            return true;
        }
        return report.holds(() -> sums(parent.get())) && report.holds(() -> cumulatives(parent.get()));
    }

    private String beginsWithNothing() throws Difference {
        for (BatchManifest.Line line : manifest.lines()) {
            expectBefore(line, Amount.ZERO, "no batch came before, so it was");
        }
        for (BatchManifest.Payee payee : manifest.payees()) {
            expect("manifest.json: owed_before of payee " + payee.payee(), payee.owedBefore(),
                    "no batch came before, so it was",
                    Amount.ZERO);
        }
        for (BatchManifest.Held held : manifest.held()) {
            expect("manifest.json: before of held " + held.account(), held.before(), "no batch came before, so it was",
                    Amount.ZERO);
        }
        expect("manifest.json: totals.available_before_micros", micros(manifest.totals().availableBefore()),
                "no batch came before, so it was", micros(Amount.ZERO));
        return "no batch came before it, and nothing is carried over";
    }

    private String sums(BatchManifest parent) throws Difference {
        String whence = "batch " + parent.seq() + " left";
        if (parent.seq() != manifest.parent() || parent.chainId() != manifest.chainId()
                || !parent.vault().equals(manifest.vault())) {
            throw new Difference("The manifest given as the one before is of batch " + parent.seq() + " of vault "
                    + parent.vault() + "; the parent is batch " + manifest.parent() + " of vault " + manifest.vault() + ".");
        }
        if (manifest.seq() == parent.seq() + 1) {
            expect("manifest.json: prev_batch_hash", hex(manifest.prevBatchHash()), whence, hex(parent.historyHash()));
        }
        Map<Object, Amount> left = new HashMap<>();
        parent.payees().forEach(payee -> left.put(payee.payee(), payee.owedAfter()));
        parent.held().forEach(held -> left.put(held.account(), held.after()));
        for (BatchManifest.Payee payee : manifest.payees()) {
            expect("manifest.json: owed_before of payee " + payee.payee(), payee.owedBefore(), whence,
                    taken(left, payee.payee()));
        }
        for (BatchManifest.Held held : manifest.held()) {
            expect("manifest.json: before of held " + held.account(), held.before(), whence, taken(left, held.account()));
        }
        for (Map.Entry<Object, Amount> rest : left.entrySet()) {
            if (!rest.getValue().isZero()) {
                throw new Difference(
                        "manifest.json: " + rest.getKey() + " is missing; " + whence + " " + rest.getValue() + ".");
            }
        }
        expect("manifest.json: totals.available_before_micros", micros(manifest.totals().availableBefore()), whence,
                micros(parent.totals().availableAfter()));
        Map<Integer, BatchManifest.Version> before = new HashMap<>();
        parent.versions().forEach(version -> before.put(version.version(), version));
        for (BatchManifest.Version version : manifest.versions()) {
            BatchManifest.Version was = before.getOrDefault(version.version(), version);
            expect("manifest.json: the split of version " + Integer.toUnsignedString(version.version()), version.split(),
                    "it is frozen, and batch " + parent.seq() + " says", was.split());
        }
        return "what was owed, held and available is what batch " + parent.seq() + " left";
    }

    /** A line may have rested: the batches before are read back to the one in which it was. */
    private String cumulatives(BatchManifest parent) throws Difference, IOException {
        Map<Integer, BatchManifest.Line> open = new HashMap<>();
        manifest.lines().forEach(line -> open.put(line.line(), line));
        Optional<BatchManifest> at = Optional.of(parent);
        long seq = parent.seq();
        for (int back = 0; at.isPresent() && back < MOST_BACK; back++) {
            BatchManifest batch = at.get();
            if (batch.seq() != seq || batch.parent() >= seq) {
                throw new Difference(
                        "The manifest of batch " + seq + " says that it is of batch " + batch.seq() + " after batch "
                                + batch.parent() + ".");
            }
            for (BatchManifest.Line was : batch.lines()) {
                BatchManifest.Line line = open.remove(was.line());
                if (line != null) {
                    expectBefore(line, was.after(), "batch " + batch.seq() + " left");
                }
            }
            if (batch.parent() == 0 || open.isEmpty()) {
                for (BatchManifest.Line line : open.values()) {
                    expectBefore(line, Amount.ZERO, "it was in no batch before, so it was");
                }
                return "each line goes on where its last batch left it";
            }
            seq = batch.parent();
            at = files.before(seq);
        }
        Set<String> rest = new TreeSet<>();
        open.keySet().forEach(line -> rest.add(Integer.toUnsignedString(line)));
        return "the lines go on where their last batch left them, but for " + String.join(", ", rest)
                + ", whose last batch was not found";
    }

    private static void expectBefore(BatchManifest.Line line, Amount expected, String whence) throws Difference {
        expect("manifest.json: cumulative_before of line " + Integer.toUnsignedString(line.line()), line.before(), whence,
                expected);
    }

    private static Amount taken(Map<Object, Amount> amounts, Object key) {
        Amount amount = amounts.remove(key);
        return amount == null ? Amount.ZERO : amount;
    }
}
