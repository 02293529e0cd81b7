package farthing.settlement;

import java.time.Clock;
import java.util.Optional;

import javax.sql.DataSource;

import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

import org.jboss.logging.Logger;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;

import farthing.blob.Blobs;
import farthing.chain.Address;
import farthing.chain.ChainAdvanced;
import farthing.chain.ChainLog;
import farthing.chain.Deployment;
import farthing.chain.Transactions;
import farthing.chain.VaultCalls;
import farthing.earnings.Earnings;
import farthing.earnings.Payouts;
import farthing.identity.Lines;
import farthing.ledger.Ledger;
import farthing.ledger.LineId;
import farthing.metering.DurableReceipts;
import farthing.web.Site;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled;

/** Settles from time to time, and at once looks after what the chain has moved. */
@Singleton
class Settler {

    private static final Logger LOG = Logger.getLogger(Settler.class);
    private static final int AFTER_THE_CHAIN = 200;

    private final Settlement settlement;
    private final Withdrawals withdrawals;

    Settler(DataSource source, ChainLog log, Transactions transactions, Deployment deployment, VaultCalls calls, Blobs blobs,
            Ledger ledger, DurableReceipts receipts, Earnings earnings, Lines lines, SettlementConfig config,
            Site site, Clock clock) {
        Database database = new Database(source);
        Books books = new Books(ledger);
        // The wallet of a line never changes.
        Cache<Integer, Address> wallets = Caffeine.newBuilder().maximumSize(100_000).build();
        withdrawals = new Withdrawals(database, log, transactions, deployment, calls::withdraw, ledger, clock);
        settlement = new Settlement(database, new BatchStates(log, transactions, deployment, books, clock),
                new BatchBuilder(receipts, earnings,
                        line -> Optional.ofNullable(wallets.getIfPresent(line))
                                .or(() -> lines.walletOf(new LineId(line)).map(wallet -> {
                                    wallets.put(line, wallet);
                                    return wallet;
                                })),
                        log, transactions, deployment, calls::post, blobs, books, clock,
                        BatchBuilder.Limits.of(config, site.production())),
                withdrawals);
    }

    @Produces
    @Singleton
    Payouts payouts() {
        return withdrawals;
    }

    void start(@Observes @Priority(AFTER_THE_CHAIN) StartupEvent event) {
        settlement.reconcile();
    }

    void moved(@Observes ChainAdvanced advanced) {
        settlement.reconcile();
        settlement.book(advanced.payees());
    }

    @Scheduled(every = "${farthing.settlement.every}", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    void now() {
        settle();
    }

    /** The next batch, if there is anything to settle and nothing under way. */
    Optional<Batch> settle() {
        Optional<Batch> built = settlement.settle();
        built.ifPresent(batch -> LOG.infof("batch %d: %d receipts, %s of charges, %d payees", batch.seq(), batch.receipts(),
                batch.charges(), batch.payees()));
        return built;
    }

    /** Whether this server saw for a while that the chain's newest batch is none of ours, and builds none. */
    boolean astray() {
        return settlement.astray();
    }
}
