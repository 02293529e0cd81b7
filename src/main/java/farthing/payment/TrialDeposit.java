package farthing.payment;

import java.sql.Connection;
import java.sql.SQLException;

import javax.sql.DataSource;

import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

import farthing.chain.ChainAdvanced;
import farthing.chain.ChainLog;
import farthing.chain.Deployment;
import farthing.chain.EmbeddedChain;
import farthing.chain.SigningKey;
import farthing.chain.Transactions;
import farthing.chain.VaultCalls;
import farthing.identity.Demo;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled;

/** Sees to it that the trial's caller has something to spend, however often the chain forgets it. */
@Singleton
class TrialDeposit {

    private static final Logger LOG = Logger.getLogger(TrialDeposit.class);
    private static final int AFTER_PEOPLE = 200;

    private final Demo demo;
    private final Transactions transactions;
    private final Deployment deployment;
    private final DataSource source;
    private final boolean embedded;
    private final Genesis genesis;

    TrialDeposit(Demo demo, ChainLog chain, Transactions transactions, VaultCalls calls, Deployment deployment,
            DataSource source, @ConfigProperty(name = "farthing.chain.embedded", defaultValue = "false") boolean embedded) {
        this.demo = demo;
        this.transactions = transactions;
        this.deployment = deployment;
        this.source = source;
        this.embedded = embedded;
        this.genesis = new Genesis(chain, transactions, calls, deployment);
    }

    void start(@Observes @Priority(AFTER_PEOPLE) StartupEvent event) {
        if (demo.offered()) {
            transactions.know(demo.callerKey());
        }
    }

    void advanced(@Observes ChainAdvanced event) {
        fund();
    }

    /** A minute of blocks is nothing to wait for in the first minute. */
    @Scheduled(every = "1s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    void hasten() {
        if (fund() == Genesis.State.MINED && embedded) {
            EmbeddedChain.finalizeNow(deployment.rpc());
        }
    }

    private Genesis.State fund() {
        if (!demo.offered()) {
            return Genesis.State.FINAL;
        }
        SigningKey caller = demo.callerKey();
        try (Connection connection = source.getConnection()) {
            connection.setAutoCommit(false);
            try {
                Genesis.State state = genesis.fund(connection, caller.address());
                connection.commit();
                return state;
            } catch (SQLException | RuntimeException e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        } catch (SQLException e) {
            LOG.warn("cannot look whether the demo caller has its deposit; trying again in a second", e);
            return Genesis.State.WANTING;
        }
    }
}
