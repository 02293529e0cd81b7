package farthing.metering;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;

import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;

import farthing.Figure;
import farthing.catalog.Listing;
import farthing.catalog.VersionId;
import farthing.chain.SigningKey;
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
import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.agroal.api.security.NamePrincipal;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;

/**
 * How many usages the writer of one instance makes durable in a second: reserve, charge, wait, by callers that do nothing else, on
 * a PostgreSQL of its own that flushes each commit to the disk. Settings: {@code farthing.bench-seconds}, {@code -callers}.
 */
class WriterBench {

    private static final int PAYERS = 100;
    private static final int CROWD = 1000;
    private static final Amount FUNDS = Amount.ofTokens(1_000);

    private final Duration length = Duration.ofSeconds(Long.getLong("farthing.bench-seconds", 15));
    private final int callers = Integer.getInteger("farthing.bench-callers", 2000);
    private final Ledger ledger = new Ledger();

    @Test
    void writer() throws Exception {
        Path data = Files.createTempDirectory("farthing-writer");
        // Without -F, which the library adds for tests: a commit is on the disk when it is confirmed.
        try (EmbeddedPostgres postgres = EmbeddedPostgres.builder().setDataDirectory(data.resolve("postgres")).start();
                AgroalDataSource source = pool(postgres)) {
            try (Connection connection = source.getConnection(); Statement statement = connection.createStatement()) {
                statement.execute("alter system set fsync = on");
                statement.execute("select pg_reload_conf()");
                statement.execute("alter system set max_wal_size = '4GB'");
            }
            Flyway.configure().dataSource(source).load().migrate();
            run(source, "warm-up", PAYERS, length);
            Run many = run(source, "many payers", PAYERS, length);
            Run crowd = run(source, "a crowd", CROWD, length);
            Run one = run(source, "one payer", 1, length);
            many.figure("writer.usages_per_s", 20_000).with("payers", PAYERS).print();
            // No target: at some thousand calls a second nearly each payer is in a commit once, and each costs its own rows.
            Figure.of("writer.crowd_per_s", crowd.perSecond(), "1/s").with("payers", CROWD)
                    .with("usages_per_commit", crowd.perCommit()).print();
            one.figure("writer.hot_payer_per_s", 8_000).with("overspent_nanos", one.overspent).print();
        }
    }

    private static AgroalDataSource pool(EmbeddedPostgres postgres) throws SQLException {
        return AgroalDataSource.from(new AgroalDataSourceConfigurationSupplier().connectionPoolConfiguration(pool -> pool
                .maxSize(24).connectionFactoryConfiguration(to -> to.jdbcUrl(postgres.getJdbcUrl("postgres", "postgres"))
                        .principal(new NamePrincipal("postgres")))));
    }

    private record Run(long usages, long commits, double seconds, long overspent) {

        double perSecond() {
            return usages / seconds;
        }

        double perCommit() {
            return (double) usages / Math.max(1, commits);
        }

        Figure figure(String name, double target) {
            return Figure.of(name, perSecond(), "1/s").target(target).with("usages_per_commit", perCommit());
        }
    }

    private Run run(AgroalDataSource source, String name, int payers, Duration time) throws Exception {
        Database database = new Database(source);
        List<Caller> all = new ArrayList<>();
        for (int i = 0; i < payers; i++) {
            all.add(payer(database));
        }
        ReceiptSigner signer = new ReceiptSigner(SigningKey.generate(new SecureRandom()), 31337);
        Metering metering = new Metering(source, new Sessions(), ledger, signer, Calls.Settings.PRODUCTION, Clock.systemUTC(), new SimpleMeterRegistry(),
                Settled.NOTHING);
        metering.start(new StartupEvent());
        long commits = Calls.number(database, "select count(*) from receipt_commit");
        AtomicLong usages = new AtomicLong();
        long began = System.nanoTime();
        long end = began + time.toNanos();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < callers; i++) {
                Caller caller = all.get(i % payers);
                running.add(threads.submit(() -> {
                    while (System.nanoTime() < end) {
                        Calls.charged(metering.reserve(caller, LISTING, 20, 1));
                        usages.incrementAndGet();
                    }
                }));
            }
            for (Future<?> each : running) {
                each.get();
            }
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        commits = Calls.number(database, "select count(*) from receipt_commit") - commits;
        metering.stop(new ShutdownEvent());
        System.err.printf("%-12s %,d usages in %.1f s, %,.0f a second, %.1f in a commit%n", name, usages.get(), seconds,
                usages.get() / seconds, (double) usages.get() / commits);
        long charged = Calls.number(database, "select coalesce(sum(charge), 0) from usage");
        long booked = Calls.number(database, "select sum(nanos) from ledger_posting p join ledger_account a on a.id = p.account_id"
                + " where a.code = 'charges'");
        long below = Calls.number(database, "select coalesce(-sum(least(balance, 0)), 0) from ledger_account");
        return new Run(usages.get(), commits, seconds, Math.abs(charged - booked) + below);
    }

    private static final Listing LISTING = Calls.listing(new VersionId(1), new Price(1_000_000, 2_000_000, 10, 0),
            new Split(7000, 0, 2000, 0, 1000));

    private Caller payer(Database database) {
        LineId line = new LineId(ThreadLocalRandom.current().nextInt());
        database.inTransaction(connection -> {
            ledger.open(connection, Account.deposits());
            ledger.open(connection, Account.line(line));
            ledger.post(connection, Entry.transfer("deposit", "deposit:" + line, Instant.EPOCH, Account.deposits(),
                    Account.line(line), FUNDS));
            return true;
        });
        long key = ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE);
        return new Caller(new ApiKeyId(key), new AccountId(key), line, KeyLimits.NONE, ReplayKeys.of("secret"));
    }
}
