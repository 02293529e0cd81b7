package farthing.settlement;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;

import javax.sql.DataSource;

import farthing.TestClock;
import farthing.TestDatabase;
import farthing.blob.Digest;
import farthing.blob.FileBlobs;
import farthing.chain.Address;
import farthing.chain.Deployment;
import farthing.chain.Transactions;
import farthing.earnings.Earnings;
import farthing.earnings.Earnings.Terms;
import farthing.ledger.Account;
import farthing.ledger.Entry;
import farthing.ledger.Ledger;
import farthing.ledger.LineId;
import farthing.metering.DurableReceipts;
import farthing.money.Amount;
import farthing.money.Split;
import farthing.receipt.BatchManifest;
import farthing.receipt.LineFile;
import farthing.receipt.LineTree;
import farthing.receipt.Payout;
import farthing.receipt.Receipt;

/** A database of its own with charged calls, a chain, and what settles the ones on the other. */
final class World {

    private static final AtomicInteger COUNT = new AtomicInteger();
    static final Address PLATFORM = address(0xf0);
    static final Amount PLENTY = Amount.ofTokens(10);

    final DataSource source = TestDatabase.separate("settlement_" + COUNT.incrementAndGet());
    final Database database = new Database(source);
    final TestClock clock = new TestClock(Instant.parse("2026-11-01T00:00:00Z"));
    final Ledger ledger = new Ledger();
    final Deployment deployment = new Deployment(31337, address(0x71), address(0x72), address(0x73), address(0x74),
            URI.create("http://127.0.0.1:1"), null, Duration.ofSeconds(FakeChain.EPOCH), Duration.ofDays(2));
    final FakeChain chain = new FakeChain(deployment.chainId(), deployment.vault());
    final FileBlobs blobs;
    final Map<Integer, Terms> versions = new HashMap<>();
    final Map<Integer, Address> wallets = new HashMap<>();
    final Map<Long, Integer> seqs = new HashMap<>();
    final Map<Integer, Amount> charged = new HashMap<>();
    final Random random;
    int mostLines = 1_350;
    Amount threshold = Amount.ofNanos(1_000);
    Transactions outbox = chain;

    World() {
        this(1);
    }

    World(long seed) {
        random = new Random(seed);
        try {
            blobs = new FileBlobs(Files.createTempDirectory("farthing-blobs"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        database.inTransaction(connection -> {
            FakeChain.createOutbox(connection);
            ledger.open(connection, Account.deposits());
            ledger.open(connection, Account.charges());
            Database.update(connection, "insert into instance (id, started_at, seen_at) values (1, now(), now())");
            Database.update(connection, "insert into receipt_commit (id, root, size, signer, signature, committed_at)"
                    + " values (1, '', 1, '', '', now())");
            return true;
        });
    }

    static Address address(int number) {
        byte[] bytes = new byte[20];
        bytes[0] = (byte) number;
        bytes[18] = (byte) (number >> 8);
        bytes[19] = (byte) number;
        return Address.of(bytes);
    }

    void version(int version, Address developer, int... basisPoints) {
        versions.put(version, new Terms(version, "wren/model@" + version, developer,
                new Split(basisPoints[0], basisPoints[1], basisPoints[2], basisPoints[3], basisPoints[4])));
    }

    private Terms terms(int version) {
        return Objects.requireNonNull(versions.get(version));
    }

    /** A line that has money on the chain and here. */
    void line(int line, Amount deposit, Amount ceiling) {
        wallets.put(line, address(0x100 + line));
        chain.opens(line, address(0x100 + line), deposit, ceiling);
        chain.finalizes();
        fund(line, deposit);
    }

    void fund(int line, Amount amount) {
        database.inTransaction(connection -> {
            ledger.open(connection, Account.line(new LineId(line)));
            ledger.post(connection, Entry.transfer("deposit", "deposit:" + UUID.randomUUID(), clock.instant(),
                    Account.deposits(), Account.line(new LineId(line)), amount));
            return true;
        });
    }

    /** A durable call, as metering writes it. */
    UUID charge(int line, long lease, int version, long nanos) {
        int seq = seqs.merge(lease, 1, Integer::sum) - 1;
        UUID receipt = new UUID(random.nextLong(), random.nextLong());
        charged.merge(line, Amount.ofNanos(nanos), Amount::plus);
        database.inTransaction(connection -> {
            Database.update(connection, """
                    insert into lease (id, line, instance, granted, used, next_seq, state, opened_at)
                    values (?, ?, 1, ?, ?, ?, 'OPEN', ?)
                    on conflict (id) do update set next_seq = excluded.next_seq""", lease, line, Long.MAX_VALUE, 0, seq + 1,
                    Timestamp.from(clock.instant()));
            Database.update(connection, """
                    insert into usage (receipt, commit_id, leaf_index, line, lease, seq, account, api_key, version, offer,
                        input_tokens, output_tokens, items, charge, finish, streamed, started_at, charged_at, salt,
                        request_hash, response_hash, body_hash, shares_hash)
                    values (?, 1, ?, ?, ?, ?, 1, 1, ?, 1, 1, 1, 1, ?, 'COMPLETE', false, ?, ?, '', '', '', ?, ?)""", receipt,
                    random.nextInt(), line, lease, seq, version, nanos, Timestamp.from(clock.instant()),
                    Timestamp.from(clock.instant()), bytes(), bytes());
            if (nanos > 0) {
                ledger.post(connection, Entry.transfer("calls", "call:" + receipt, clock.instant(),
                        Account.line(new LineId(line)), Account.charges(), Amount.ofNanos(nanos)));
            }
            return true;
        });
        return receipt;
    }

    void reverse(UUID receipt, int line, long nanos) {
        charged.merge(line, Amount.ofNanos(-nanos), Amount::plus);
        database.inTransaction(connection -> {
            Database.update(connection, """
                    insert into usage_reversal (receipt, commit_id, reversed_at, account, charged_at)
                    select receipt, commit_id, now(), account, charged_at from usage where receipt = ?""", receipt);
            ledger.post(connection, Entry.transfer("reversal", "reversal:" + receipt, clock.instant(), Account.charges(),
                    Account.line(new LineId(line)), Amount.ofNanos(nanos)));
            return true;
        });
    }

    private byte[] bytes() {
        byte[] bytes = new byte[32];
        random.nextBytes(bytes);
        return bytes;
    }

    Withdrawals withdrawals() {
        return new Withdrawals(database, chain, chain, deployment, FakeChain::withdraw, ledger, clock);
    }

    /** As a server that has just started has it. */
    Settlement settlement() {
        Books books = new Books(ledger);
        return new Settlement(database, new BatchStates(chain, outbox, deployment, books, clock),
                new BatchBuilder(new DurableReceipts(Duration.ofMinutes(10)), new Earnings(this::terms, PLATFORM),
                        line -> Optional.ofNullable(wallets.get(line)), chain, outbox, deployment, FakeChain::post, blobs,
                        books, clock, new BatchBuilder.Limits(Duration.ofSeconds(5), threshold, mostLines, 1_000_000)),
                withdrawals());
    }

    /** Time passes until the calls made so far may be settled; then they are, as far as they can be. */
    Optional<Batch> settle() {
        clock.advance(Duration.ofSeconds(6));
        return settlement().settle();
    }

    /** The outbox and the chain do their part. */
    void posted() {
        chain.signs(database);
        chain.mines(database);
        settlement().reconcile();
    }

    void settledForGood() {
        settle();
        posted();
        chain.finalizes();
        settlement().reconcile();
    }

    List<Batch> batches() {
        return database.read(connection -> BatchRows.batches(connection, " order by id"));
    }

    Batch newest() {
        return batches().getLast();
    }

    Amount balance(Account account) {
        return database.read(connection -> ledger.balance(connection, account));
    }

    BatchManifest manifest(Batch batch) {
        return BatchManifest.read(blob(batch.manifest()));
    }

    byte[] blob(Digest digest) {
        try (InputStream in = blobs.open(digest)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    long sum(String query) {
        return database.read(connection -> Database.list(connection, row -> row.getLong(1), query).getFirst());
    }

    /** Everything that must hold at any moment; throws what does not. */
    void check() {
        List<Batch> live = batches().stream().filter(batch -> batch.state().isLive()).toList();
        expect("the ledger adds up to zero", 0, sum("select coalesce(sum(nanos), 0) from ledger_posting"));
        long settled = 0;
        Map<Integer, Amount> cumulative = new HashMap<>();
        Map<Address, Amount> owed = new HashMap<>();
        Map<Address, Amount> credited = new HashMap<>();
        Map<String, Amount> held = new HashMap<>();
        Amount available = Amount.ZERO;
        for (Batch batch : live) {
            BatchManifest manifest = manifest(batch);
            Amount charges = Amount.ZERO;
            for (BatchManifest.Line line : manifest.lines()) {
                expect("a line goes on where it stopped", cumulative.getOrDefault(line.line(), Amount.ZERO).nanos(),
                        line.before().nanos());
                LineFile file = LineFile.read(line.line(), blob(new Digest(line.sha256())));
                if (!Arrays.equals(new LineTree(file, line.before()).node(), line.node())) {
                    throw new AssertionError("the node of line " + line.line() + " is not that of its file");
                }
                Amount[] sum = { Amount.ZERO };
                file.forEach(receipt -> {
                    sum[0] = sum[0].plus(receipt.charge());
                    share(receipt, owed, held);
                });
                expect("a line's charges", line.after().minus(line.before()).nanos(), sum[0].nanos());
                expect("a line's debit", Payout.debit(line.before(), line.after()).nanos(), line.debit().nanos());
                cumulative.put(line.line(), line.after());
                charges = charges.plus(sum[0]);
                available = available.plus(line.debit());
            }
            expect("the batch's charges", charges.nanos(), batch.charges().nanos());
            for (BatchManifest.Payee payee : manifest.payees()) {
                owed.merge(payee.payee(), payee.credited().negated(), Amount::plus);
                credited.merge(payee.payee(), payee.credited(), Amount::plus);
                expect("owed after the batch", owed.getOrDefault(payee.payee(), Amount.ZERO).nanos(),
                        payee.owedAfter().nanos());
                available = available.minus(payee.credited());
            }
            expect("available", available.nanos(), batch.availableAfter().nanos());
            if (available.isNegative()) {
                throw new AssertionError("more credited than debited by batch " + batch.seq());
            }
            settled += charges.nanos();
        }
        long all = charged.values().stream().mapToLong(Amount::nanos).sum();
        expect("charged and not settled", all - settled, balance(Account.charges()).nanos());
        owed.forEach((payee, amount) -> expect("owed to " + payee, amount.nanos(),
                balance(Account.owed(payee.text())).nanos()));
        credited.forEach((payee, amount) -> expect("credited to " + payee, amount.nanos(),
                balance(Account.credited(payee.text())).nanos()
                        + sum("select coalesce(sum(nanos), 0) from payee_withdrawn where payee = '" + payee + "'")));
        held.forEach((account, amount) -> expect("held for " + account, amount.nanos(),
                balance(Account.held(account)).nanos()));
        long shares = sumOf(owed) + sumOf(credited) + held.values().stream().mapToLong(Amount::nanos).sum();
        expect("shares and dust", settled, shares);
    }

    /** What the vault debited is what we settled, line by line. */
    void checkVault() {
        for (Map.Entry<Integer, FakeChain.VaultLine> each : chain.vault().lines.entrySet()) {
            long cumulative = sum("select coalesce(max(l.cumulative_after), 0) from batch_line l join batch b on b.id = l.batch"
                    + " where b.state in ('MINED', 'FINAL') and l.line = " + each.getKey());
            expect("used of line " + each.getKey(), cumulative / 1_000, each.getValue().used);
        }
    }

    private void share(Receipt receipt, Map<Address, Amount> owed, Map<String, Amount> held) {
        Terms terms = terms(receipt.version());
        Split.Parts parts = terms.split().divide(receipt.charge());
        owed.merge(terms.developer(), parts.developer(), Amount::plus);
        owed.merge(PLATFORM, parts.platform(), Amount::plus);
        held.merge("base_model:" + receipt.version(), parts.baseModel(), Amount::plus);
        held.merge("data_pool:" + receipt.version(), parts.dataPool(), Amount::plus);
        held.merge("validators:" + receipt.version(), parts.validators(), Amount::plus);
    }

    private static long sumOf(Map<Address, Amount> amounts) {
        return amounts.values().stream().mapToLong(Amount::nanos).sum();
    }

    private static void expect(String what, long expected, long found) {
        if (expected != found) {
            throw new AssertionError(what + ": " + found + " instead of " + expected);
        }
    }
}
