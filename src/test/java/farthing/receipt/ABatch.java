package farthing.receipt;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

import org.jspecify.annotations.Nullable;

import farthing.chain.Address;
import farthing.chain.Keccak;
import farthing.money.Amount;
import farthing.money.Split;

/** Batches for tests, one after the other, settled by the rules but by no code of the settlement. */
final class ABatch {

    static final long CHAIN = 31337;
    static final Address VAULT = new Address("0x00000000000000000000000000000000000fa401");
    static final Address TOKEN = new Address("0x00000000000000000000000000000000000fa402");
    static final Address PLATFORM = new Address("0x1111111111111111111111111111111111111111");
    static final Address WREN = new Address("0xbb00000000000000000000000000000000000001");
    static final Address FINCH = new Address("0x00000000000000000000000000000000000000b2");
    static final Amount THRESHOLD = Amount.ofNanos(1_000);
    static final Map<Integer, BatchManifest.Version> VERSIONS = Map.of(
            3, new BatchManifest.Version(3, "wren/kjv@1", WREN, new Split(7000, 0, 2000, 200, 800)),
            5, new BatchManifest.Version(5, "wren/kjv@1", WREN, new Split(7000, 0, 2000, 200, 800)),
            9, new BatchManifest.Version(9, "finch/small@2", FINCH, new Split(6001, 999, 2500, 0, 500)));

    final BatchManifest manifest;
    final SortedMap<Integer, LineTree> trees;
    private final Map<Integer, Amount> cumulatives;

    private ABatch(BatchManifest manifest, SortedMap<Integer, LineTree> trees, Map<Integer, Amount> cumulatives) {
        this.manifest = manifest;
        this.trees = trees;
        this.cumulatives = cumulatives;
    }

    static Receipt receipt(int line, long lease, int seq, int version, long charge) {
        return new Receipt(line, lease, seq, version, Amount.ofNanos(charge),
                Keccak.hash("body " + line + " " + lease + " " + seq), Shares.NONE.hash());
    }

    /** Two lines, three sections, a gap, a call that was free, and one of a version that nobody else called. */
    static List<Receipt> someReceipts() {
        return List.of(receipt(1, 5, 0, 3, 5_200), receipt(1, 5, 1, 3, 0), receipt(1, 5, 3, 9, 999),
                receipt(1, -7, 0, 3, 12_345),
                receipt(4, 2, 10, 3, 1), receipt(4, 2, 11, 3, 77_777));
    }

    /** @param receipts in the order of line, lease and seq */
    static ABatch first(Address vault, List<Receipt> receipts) {
        return settle(vault, null, receipts);
    }

    static ABatch first() {
        return first(VAULT, someReceipts());
    }

    ABatch then(List<Receipt> receipts) {
        return settle(manifest.vault(), this, receipts);
    }

    private static ABatch settle(Address vault, @Nullable ABatch before, List<Receipt> receipts) {
        SortedMap<Integer, LineFile.Writer> writers = new TreeMap<>(Integer::compareUnsigned);
        SortedMap<Address, Amount> earned = new TreeMap<>(History.ASCENDING);
        SortedMap<String, Amount> kept = new TreeMap<>();
        SortedMap<Integer, BatchManifest.Version> versions = new TreeMap<>(Integer::compareUnsigned);
        for (Receipt receipt : receipts) {
            writers.computeIfAbsent(receipt.line(), LineFile::writer).add(receipt);
            BatchManifest.Version version = Objects.requireNonNull(VERSIONS.get(receipt.version()));
            versions.put(receipt.version(), version);
            Split.Parts parts = version.split().divide(receipt.charge());
            earned.merge(version.developer(), parts.developer(), Amount::plus);
            earned.merge(PLATFORM, parts.platform(), Amount::plus);
            kept.merge("base_model:" + receipt.version(), parts.baseModel(), Amount::plus);
            kept.merge("data_pool:" + receipt.version(), parts.dataPool(), Amount::plus);
            kept.merge("validators:" + receipt.version(), parts.validators(), Amount::plus);
        }
        Map<Integer, Amount> cumulatives = before == null ? new HashMap<>() : new HashMap<>(before.cumulatives);
        SortedMap<Integer, LineTree> trees = new TreeMap<>(Integer::compareUnsigned);
        List<BatchManifest.Line> lines = new ArrayList<>();
        Map<Integer, Amount> debits = new HashMap<>();
        writers.forEach((number, writer) -> {
            LineTree tree = new LineTree(writer.file(), cumulatives.getOrDefault(number, Amount.ZERO));
            trees.put(number, tree);
            debits.put(number, Payout.debit(tree.before(), tree.after()));
            lines.add(new BatchManifest.Line(number, tree.before(), tree.after(), debits.get(number), tree.file().receipts(),
                    tree.file().sections(), tree.node(), sha256(tree.file().bytes())));
            cumulatives.put(number, tree.after());
        });

        Map<Address, Amount> owedBefore = new HashMap<>();
        Map<String, Amount> heldBefore = new HashMap<>();
        if (before != null) {
            before.manifest.payees().forEach(payee -> owedBefore.put(payee.payee(), payee.owedAfter()));
            before.manifest.held().forEach(held -> heldBefore.put(held.account(), held.after()));
        }
        Map<Address, Amount> owed = new HashMap<>(owedBefore);
        earned.forEach((payee, amount) -> owed.merge(payee, amount, Amount::plus));
        Amount availableBefore = before == null ? Amount.ZERO : before.manifest.totals().availableAfter();
        Amount debited = Amount.sum(debits.values());
        Amount available = availableBefore.plus(debited);
        Map<Address, Amount> credits = Payout.credits(owed, PLATFORM, THRESHOLD, available,
                lines.size());
        TreeSet<Address> everybody = new TreeSet<>(History.ASCENDING);
        everybody.addAll(owed.keySet());
        List<BatchManifest.Payee> payees = everybody.stream().map(payee -> {
            Amount was = owedBefore.getOrDefault(payee, Amount.ZERO);
            Amount more = earned.getOrDefault(payee, Amount.ZERO);
            Amount credit = credits.getOrDefault(payee, Amount.ZERO);
            return new BatchManifest.Payee(payee, was, more, credit, was.plus(more).minus(credit));
        }).filter(payee -> !payee.owedBefore().plus(payee.earned()).isZero()).toList();
        TreeSet<String> accounts = new TreeSet<>(kept.keySet());
        accounts.addAll(heldBefore.keySet());
        List<BatchManifest.Held> held = accounts.stream().map(account -> {
            Amount was = heldBefore.getOrDefault(account, Amount.ZERO);
            Amount more = kept.getOrDefault(account, Amount.ZERO);
            return new BatchManifest.Held(account, was, more, was.plus(more));
        }).filter(one -> !one.after().isZero()).toList();

        long seq = before == null ? 1 : before.manifest.seq() + 1;
        byte[] prev = before == null ? History.genesis(CHAIN, vault) : before.manifest.historyHash();
        byte[] root = new ReceiptTree(lines.stream().map(BatchManifest.Line::node).toList()).root();
        byte[] rows = History.rows(debits);
        byte[] packed = History.credits(credits);
        Amount credited = Amount.sum(credits.values());
        return new ABatch(new BatchManifest(seq, CHAIN, vault, TOKEN, seq - 1, prev,
                History.afterBatch(prev, seq, seq - 1, root, rows, packed), root, Instant.parse("2026-11-22T21:00:00Z"),
                THRESHOLD,
                lines, List.copyOf(versions.values()), PLATFORM, payees, held,
                new BatchManifest.Totals(receipts.size(), Amount.sum(receipts.stream().map(Receipt::charge).toList()), debited,
                        credited, availableBefore, available.minus(credited)),
                rows, packed), trees, cumulatives);
    }

    LineTree tree(int line) {
        return trees.values().stream().filter(tree -> tree.file().line() == line).findFirst().orElseThrow();
    }

    /** Writes the files as they are published. */
    Path write(Path folder) {
        try {
            Files.createDirectories(folder);
            Files.write(folder.resolve(BatchManifest.NAME), manifest.json());
            for (LineTree tree : trees.values()) {
                Files.write(folder.resolve(LineFile.name(tree.file().line())), tree.file().bytes());
            }
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
