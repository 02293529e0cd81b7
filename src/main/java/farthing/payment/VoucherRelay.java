package farthing.payment;

import java.sql.SQLException;
import java.time.Clock;

import javax.sql.DataSource;

import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

import farthing.chain.ChainLog;
import farthing.chain.Deployment;
import farthing.chain.Transactions;
import farthing.chain.VaultCalls;
import io.quarkus.scheduler.Scheduled;

/** Sends what vouchers came in, every second. */
@Singleton
class VoucherRelay {

    private final Vouchers vouchers;

    VoucherRelay(DataSource source, ChainLog chain, Transactions transactions, VaultCalls calls, Deployment deployment,
            Clock clock) {
        this.vouchers = new Vouchers(source, chain, transactions, calls, deployment, clock);
    }

    @Produces
    @Singleton
    Vouchers vouchers() {
        return vouchers;
    }

    @Scheduled(every = "1s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    void relay() throws SQLException {
        vouchers.relay();
    }
}
