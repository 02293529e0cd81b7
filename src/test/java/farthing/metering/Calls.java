package farthing.metering;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;

import javax.sql.DataSource;

import org.jspecify.annotations.Nullable;

import farthing.MoneyOracle;
import farthing.TestClock;
import farthing.TestDatabase;
import farthing.artefact.ArtefactFiles;
import farthing.artefact.Format;
import farthing.artefact.Role;
import farthing.blob.Digest;
import farthing.catalog.Listing;
import farthing.catalog.ModelId;
import farthing.catalog.Offer;
import farthing.catalog.OfferId;
import farthing.catalog.VersionId;
import farthing.chain.SigningKey;
import farthing.engine.EngineKind;
import farthing.engine.Loadable;
import farthing.engine.Pooling;
import farthing.engine.PromptTemplate;
import farthing.engine.Task;
import farthing.identity.AccountId;
import farthing.identity.ApiKeyId;
import farthing.identity.Caller;
import farthing.identity.KeyLimits;
import farthing.identity.ReplayKeys;
import farthing.ledger.Account;
import farthing.ledger.Entry;
import farthing.ledger.Ledger;
import farthing.ledger.LineId;
import farthing.money.Amount;
import farthing.money.Price;
import farthing.money.Split;
import farthing.receipt.ReceiptSigner;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;

/** A funded line, its keys, and one model at a nano per token in, two per token out and ten per call. */
final class Calls implements AutoCloseable {

    /** Ten nanos: what a call without tokens costs. */
    static final Amount PER_CALL = Amount.ofNanos(10);

    static final ReceiptSigner SIGNER = new ReceiptSigner(SigningKey.generate(new SecureRandom()), 31337);

    static final Listing LISTING = listing(new Price(1_000_000, 2_000_000, PER_CALL.nanos(), 0));

    /** Settings under which a test waits for nothing that it does not test. */
    record Settings(Duration patience, Duration recallPatience, long leaseChunk, int commitSize, int queue, @Nullable Path disk)
            implements
                MeteringConfig {

        static final Settings USUAL = new Settings(Duration.ofSeconds(5), 100);
        /** As a server has them, unless it is told otherwise. */
        static final Settings PRODUCTION = new Settings(Duration.ofSeconds(5), 100_000_000)
                .recalling(Duration.ofSeconds(2));

        Settings(Duration patience, long leaseChunk) {
            this(patience, leaseChunk, 500, 10_000);
        }

        Settings(Duration patience, long leaseChunk, int commitSize, int queue) {
            this(patience, Duration.ofSeconds(30), leaseChunk, commitSize, queue, null);
        }

        Settings with(Path disk) {
            return new Settings(patience, recallPatience, leaseChunk, commitSize, queue, disk);
        }

        Settings recalling(Duration patience) {
            return new Settings(this.patience, patience, leaseChunk, commitSize, queue, disk);
        }

        @Override
        public Duration linger() {
            return Duration.ofMillis(2);
        }

        @Override
        public Path doubts() {
            return disk == null ? Path.of("target/doubts", UUID.randomUUID().toString()) : disk;
        }

        @Override
        public Duration idle() {
            return Duration.ofSeconds(30);
        }

        @Override
        public Duration deadAfter() {
            return Duration.ofSeconds(15);
        }

        @Override
        public Duration doubted() {
            return Duration.ofMinutes(10);
        }

        @Override
        public boolean soleInstance() {
            return false;
        }
    }

    final DataSource source = TestDatabase.separate("metering");
    final TestClock clock = new TestClock(Instant.parse("2026-11-01T00:00:00Z"));
    final Ledger ledger = new Ledger();
    final Database database = new Database(source);
    final LineId line = new LineId(ThreadLocalRandom.current().nextInt());
    final FaultyDatabase faulty = new FaultyDatabase(source);
    /** Up to where batches hold the receipts of every lease. */
    volatile int settledUpTo;
    private final Settled settled = new Settled() {

        @Override
        public Map<Long, Integer> upTo(Connection connection, Collection<Long> leases) {
            return leases.stream().collect(Collectors.toMap(lease -> lease, lease -> settledUpTo));
        }

        @Override
        public Optional<InBatch> batchOf(long lease, int seq) {
            return Optional.empty();
        }

        @Override
        public long inFinalBatches(Connection connection, Collection<Stretch> stretches) {
            return 0;
        }
    };

    final Metering metering;

    /** @param funds nanos on the line */
    Calls(long funds) throws SQLException {
        this(funds, Settings.USUAL);
    }

    Calls(long funds, Settings settings) throws SQLException {
        database.inTransaction(connection -> {
            ledger.open(connection, Account.deposits());
            ledger.open(connection, Account.line(line));
            if (funds > 0) {
                ledger.post(connection, Entry.transfer("deposit", "deposit:" + line, clock.instant(), Account.deposits(),
                        Account.line(line), Amount.ofNanos(funds)));
            }
            return true;
        });
        metering = instance(faulty.source(), settings);
    }

    Metering instance(DataSource on, Settings settings) {
        Metering made = new Metering(on, new Sessions(), ledger, SIGNER, settings, clock, new SimpleMeterRegistry(), settled);
        made.start(new StartupEvent());
        return made;
    }

    Caller caller() {
        return caller(KeyLimits.NONE);
    }

    /** A key of its own on the line. */
    Caller caller(KeyLimits limits) {
        long key = ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE);
        return new Caller(new ApiKeyId(key), new AccountId(7), line, limits, ReplayKeys.of("secret " + key));
    }

    /** A call without tokens: its worst case and its charge are both {@link #PER_CALL}. */
    Reservation reserve(Caller caller) {
        return metering.reserve(caller, LISTING, 0, 1);
    }

    static Consumed consumed(int in, int out) {
        return new Consumed(new Units(in, out, 1), bytes("request"), bytes("answer"), false, false, Instant.EPOCH);
    }

    /** Charges and closes as a call does. */
    static Charged charged(Reservation reservation) {
        try (reservation) {
            return reservation.charge(consumed(0, 0), null);
        }
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    long balance(Account account) {
        return database.read(connection -> ledger.balance(connection, account)).nanos();
    }

    /** What the line still has, leased or not. */
    long left() {
        return balance(Account.line(line)) + balance(Account.leased(line));
    }

    long openLeases() {
        return number("select count(*) from lease where state = 'OPEN' and line = " + line.value());
    }

    long number(String query) {
        return number(database, query);
    }

    static long number(Database database, String query) {
        return database.read(connection -> {
            try (var rows = connection.createStatement().executeQuery(query)) {
                rows.next();
                return rows.getLong(1);
            }
        });
    }

    /** As if no instance had been seen for so long; the database tells that by its own clock. */
    void unseenFor(Duration time) {
        unseenFor(database, time);
    }

    static void unseenFor(Database database, Duration time) {
        database.inTransaction(connection -> {
            try (var update = connection
                    .prepareStatement("update instance set seen_at = seen_at - ? * interval '1 millisecond'")) {
                update.setLong(1, time.toMillis());
                return update.executeUpdate();
            }
        });
    }

    /** Stops the instance; then every hold has ended, and the books must be right. */
    @Override
    public void close() throws SQLException {
        faulty.heal();
        metering.stop(new ShutdownEvent());
        MoneyOracle.check(source);
    }

    private static Listing listing(Price price) {
        return listing(new VersionId(1), price, new Split(7000, 0, 2000, 0, 1000));
    }

    static Listing listing(VersionId version, Price price, Split split) {
        return listing(new Offer(new OfferId(1), version, Instant.EPOCH, price), split);
    }

    /** Under which a call is charged by this offer. */
    static Listing listing(Offer offer) {
        return listing(offer, LISTING.split());
    }

    private static Listing listing(Offer offer, Split split) {
        var files = new ArtefactFiles(Format.GGUF, Map.of(Role.MODEL, new Digest("00".repeat(32))));
        var loadable = new Loadable("1", EngineKind.GGUF, Task.COMPLETION, files, PromptTemplate.PLAIN, 192, Pooling.MEAN,
                false);
        return new Listing(new ModelId("wren", "echo"), offer.version(), "1", Task.COMPLETION, loadable, offer, split,
                new AccountId(8));
    }
}
