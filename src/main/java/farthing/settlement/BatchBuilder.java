package farthing.settlement;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

import farthing.blob.Blobs;
import farthing.blob.Digest;
import farthing.chain.Address;
import farthing.chain.Call;
import farthing.chain.ChainLog;
import farthing.chain.Deployment;
import farthing.chain.Transactions;
import farthing.earnings.Earnings;
import farthing.earnings.Shared;
import farthing.metering.DurableReceipts;
import farthing.money.Amount;
import farthing.receipt.BatchManifest;
import farthing.receipt.History;
import farthing.receipt.LineFile;
import farthing.receipt.LineTree;
import farthing.receipt.Payout;
import farthing.receipt.Receipt;
import farthing.receipt.ReceiptTree;

/**
 * Makes a batch of the receipts that are not settled yet: its files, its rows, its journal entry and its queued
 * transaction, all in the caller's transaction. So it is there whole or not at all.
 */
final class BatchBuilder {

    /** The call that posts a batch. */
    interface Post {
        Call of(long seq, byte[] prevBatchHash, byte[] receiptsRoot, byte[] rows, byte[] credits);
    }

    /** @param most receipts in one batch, so that its files fit in memory */
    record Limits(Duration age, Amount threshold, int mostLines, int most) {

        static Limits of(SettlementConfig config, boolean production) {
            // Half of what one transaction takes is left for credits.
            return new Limits(config.age(), Amount.ofNanos(config.threshold().orElse(production ? 10_000_000 : 1_000)),
                    Payout.MOST_ENTRIES / 2, 1_000_000);
        }
    }

    private final DurableReceipts receipts;
    private final Earnings earnings;
    private final Function<Integer, Optional<Address>> walletOf;
    private final ChainLog log;
    private final Transactions transactions;
    private final Deployment deployment;
    private final Post post;
    private final Blobs blobs;
    private final Books books;
    private final Clock clock;
    private final Limits limits;

    /** @param walletOf that owned the line when it was taken in for an account; empty for a line that nobody here has */
    BatchBuilder(DurableReceipts receipts, Earnings earnings, Function<Integer, Optional<Address>> walletOf, ChainLog log,
            Transactions transactions, Deployment deployment, Post post, Blobs blobs, Books books, Clock clock, Limits limits) {
        this.receipts = receipts;
        this.earnings = earnings;
        this.walletOf = walletOf;
        this.log = log;
        this.transactions = transactions;
        this.deployment = deployment;
        this.post = post;
        this.blobs = blobs;
        this.books = books;
        this.clock = clock;
        this.limits = limits;
    }

    /**
     * @param tip where the history stands
     * @param before the newest live batch, empty if there is none
     * @return empty when no receipt can be settled now
     */
    Optional<Batch> build(Connection connection, Tip tip, Optional<Batch> before) throws SQLException {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        Gathered gathered = gather(connection, now.minus(limits.age()));
        BatchRows.advance(connection, gathered.nextSeqs);
        if (gathered.lines.isEmpty()) {
            return Optional.empty();
        }
        BatchManifest manifest = manifest(connection, gathered, tip, before, now);
        Digest digest = store(manifest.json());
        long id = BatchRows.insert(connection, manifest, digest);
        BatchRows.insertSections(connection, id, gathered.sections);
        Batch batch = BatchRows.batches(connection, " where id = ?", id).getFirst();
        books.book(connection, batch, now);
        transactions.queue(connection, batch.purpose(), deployment.operator(), post.of(manifest.seq(),
                manifest.prevBatchHash(), manifest.receiptsRoot(), manifest.rows(), manifest.credits()));
        return Optional.of(batch);
    }

    /** What goes into the batch; only the files of the line at hand are in memory. */
    private static final class Gathered {
        final SortedMap<Integer, BatchManifest.Line> lines = new TreeMap<>(Integer::compareUnsigned);
        final List<BatchRows.Section> sections = new ArrayList<>();
        final Map<Long, Integer> nextSeqs = new LinkedHashMap<>();
        final Shared shares;
        Amount charges = Amount.ZERO;
        int receipts;

        Gathered(Shared shares) {
            this.shares = shares;
        }
    }

    private Gathered gather(Connection connection, Instant chargedBefore) throws SQLException {
        Map<Integer, SortedMap<Long, Integer>> unsettled = new HashMap<>();
        Database.list(connection, row -> unsettled
                .computeIfAbsent(row.getInt("line"), l -> new TreeMap<>(Long::compareUnsigned))
                .put(row.getLong("lease"), row.getInt("next_seq")), "select line, lease, next_seq from unsettled_lease");
        Gathered gathered = new Gathered(earnings.none());
        // Who waited longest comes first, so that no line is passed over for ever.
        List<BatchRows.LineSoFar> order = BatchRows.settled(connection, unsettled.keySet().toArray(Integer[]::new)).stream()
                .sorted(Comparator.comparing(BatchRows.LineSoFar::batch, Comparator.nullsFirst(Comparator.naturalOrder()))
                        .thenComparing(BatchRows.LineSoFar::line, Integer::compareUnsigned))
                .toList();
        for (BatchRows.LineSoFar line : order) {
            if (gathered.lines.size() == limits.mostLines() || gathered.receipts == limits.most()) {
                break;
            }
            ChainLine chain = ChainLine.of(log.ofLine(connection, line.line()));
            if (chain.owner().isPresent() && chain.owner().equals(walletOf.apply(line.line()))) {
                gatherLine(connection, gathered, line, unsettled.getOrDefault(line.line(), new TreeMap<>()), chain,
                        chargedBefore);
            }
        }
        return gathered;
    }

    private void gatherLine(Connection connection, Gathered gathered, BatchRows.LineSoFar line, SortedMap<Long, Integer> leases,
            ChainLine chain, Instant chargedBefore) throws SQLException {
        receipts.hold(connection, leases.keySet());
        Taking taking = new Taking(gathered, line.line(), line.cumulative(), chain);
        for (Map.Entry<Long, Integer> lease : leases.entrySet()) {
            int next = receipts.take(connection, lease.getKey(), lease.getValue(), chargedBefore, taking::take);
            if (next != lease.getValue()) {
                gathered.nextSeqs.put(lease.getKey(), next);
            }
            if (taking.full) {
                break;
            }
        }
        if (taking.count > 0) {
            LineFile file = taking.file.file();
            LineTree tree = new LineTree(file, line.cumulative());
            gathered.sections.addAll(BatchRows.Section.of(file));
            gathered.lines.put(line.line(),
                    new BatchManifest.Line(line.line(), line.cumulative(), tree.after(),
                            Payout.debit(line.cumulative(), tree.after()), file.receipts(), file.sections(), tree.node(),
                            store(file.bytes()).hex()));
        }
    }

    /** The receipts of one line, as many as the chain lets it pay for. */
    private final class Taking {
        final Gathered gathered;
        final LineFile.Writer file;
        final ChainLine chain;
        Amount cumulative;
        int count;
        boolean full;

        Taking(Gathered gathered, int line, Amount cumulative, ChainLine chain) {
            this.gathered = gathered;
            this.file = LineFile.writer(line);
            this.cumulative = cumulative;
            this.chain = chain;
        }

        boolean take(Receipt receipt) {
            Amount after = cumulative.plus(receipt.charge());
            full = gathered.receipts == limits.most() || !chain.pays(after);
            if (!full) {
                file.add(receipt);
                cumulative = after;
                count++;
                gathered.receipts++;
                gathered.charges = gathered.charges.plus(receipt.charge());
                gathered.shares.add(receipt.version(), receipt.charge());
            }
            return !full;
        }
    }

    private BatchManifest manifest(Connection connection, Gathered gathered, Tip tip, Optional<Batch> before, Instant now)
            throws SQLException {
        List<BatchManifest.Line> lines = List.copyOf(gathered.lines.values());
        Map<Integer, Amount> debits = new HashMap<>();
        lines.forEach(line -> debits.put(line.line(), line.debit()));
        Amount debited = Amount.sum(debits.values());
        Amount availableBefore = before.map(Batch::availableAfter).orElse(Amount.ZERO);
        Map<Address, Amount> owedBefore = owedAfter(connection, before);
        Map<Address, Amount> owed = new HashMap<>(owedBefore);
        gathered.shares.payees().forEach((payee, share) -> owed.merge(payee, share, Amount::plus));
        SortedMap<Address, Amount> credits = Payout.credits(owed, earnings.platform(), limits.threshold(),
                availableBefore.plus(debited), lines.size());
        Amount credited = Amount.sum(credits.values());
        byte[] root = new ReceiptTree(lines.stream().map(BatchManifest.Line::node).toList()).root();
        byte[] rows = History.rows(debits);
        byte[] packedCredits = History.credits(credits);
        long seq = tip.seq() + 1;
        return new BatchManifest(seq, deployment.chainId(), deployment.vault(), deployment.token(), tip.live(), tip.hash(),
                History.afterBatch(tip.hash(), seq, tip.live(), root, rows, packedCredits), root, now, limits.threshold(),
                lines,
                gathered.shares.versions().values().stream()
                        .map(v -> new BatchManifest.Version(v.version(), v.model(), v.developer(), v.split())).toList(),
                earnings.platform(), payees(owedBefore, gathered.shares, credits),
                held(heldAfter(connection, before), gathered.shares),
                new BatchManifest.Totals(gathered.receipts, gathered.charges, debited, credited, availableBefore,
                        availableBefore.plus(debited).minus(credited)),
                rows, packedCredits);
    }

    private static List<BatchManifest.Payee> payees(Map<Address, Amount> owedBefore, Shared shares,
            Map<Address, Amount> credits) {
        SortedSet<Address> all = new TreeSet<>(History.ASCENDING);
        all.addAll(owedBefore.keySet());
        all.addAll(shares.payees().keySet());
        List<BatchManifest.Payee> payees = new ArrayList<>();
        for (Address payee : all) {
            Amount before = owedBefore.getOrDefault(payee, Amount.ZERO);
            Amount earned = shares.payees().getOrDefault(payee, Amount.ZERO);
            Amount credit = credits.getOrDefault(payee, Amount.ZERO);
            if (!before.isZero() || !earned.isZero() || !credit.isZero()) {
                payees.add(new BatchManifest.Payee(payee, before, earned, credit, before.plus(earned).minus(credit)));
            }
        }
        return payees;
    }

    private static List<BatchManifest.Held> held(Map<String, Amount> heldBefore, Shared shares) {
        SortedSet<String> all = new TreeSet<>(heldBefore.keySet());
        all.addAll(shares.held().keySet());
        return all.stream().map(account -> {
            Amount before = heldBefore.getOrDefault(account, Amount.ZERO);
            Amount earned = shares.held().getOrDefault(account, Amount.ZERO);
            return new BatchManifest.Held(account, before, earned, before.plus(earned));
        }).toList();
    }

    /** Every batch names everybody who is owed something, so the one before says it all. */
    private static Map<Address, Amount> owedAfter(Connection connection, Optional<Batch> before) throws SQLException {
        Map<Address, Amount> owed = new HashMap<>();
        if (before.isPresent()) {
            Database.list(connection,
                    row -> owed.put(new Address(row.getString("payee")), BatchRows.amount(row, "owed_after")), """
                            select payee, owed_before + earned - credited as owed_after from batch_payee
                            where batch = ? and owed_before + earned > credited""", before.get().id());
        }
        return owed;
    }

    private static Map<String, Amount> heldAfter(Connection connection, Optional<Batch> before) throws SQLException {
        Map<String, Amount> held = new HashMap<>();
        if (before.isPresent()) {
            Database.list(connection, row -> held.put(row.getString("account"), BatchRows.amount(row, "held_after")),
                    "select account, held_before + earned as held_after from batch_held where batch = ?", before.get().id());
        }
        return held;
    }

    private Digest store(byte[] content) {
        try {
            return blobs.put(new ByteArrayInputStream(content));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
