package farthing.chain;

import java.time.Clock;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import javax.sql.DataSource;

import jakarta.annotation.Priority;
import jakarta.enterprise.context.control.ActivateRequestContext;
import jakarta.enterprise.event.Event;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;

/** Runs the mirror and the outbox of this server. */
@Singleton
class Follower {

    /** All of the newest blocks are kept. */
    private static final int DENSE = 300;
    private static final int MIRROR = 1;
    private static final int OUTBOX = 2;

    private final Deployment deployment;
    private final Database database;
    private final Clock clock;
    private final FollowConfig config;
    private final Announcer announcer;
    private final Reachability reachability;
    private final Map<Address, SigningKey> keys = new ConcurrentHashMap<>();
    private volatile @Nullable Ticker mirroring;
    private volatile @Nullable Ticker sending;

    Follower(Deployment deployment, DataSource source, Clock clock, FollowConfig config, Announcer announcer) {
        this.deployment = deployment;
        this.database = new Database(source);
        this.clock = clock;
        this.config = config;
        this.announcer = announcer;
        this.reachability = new Reachability(clock);
    }

    @Produces
    @Singleton
    ChainLog log() {
        return new MirroredLog();
    }

    @Produces
    @Singleton
    Transactions transactions() {
        return new QueuedTransactions(keys, this::nudge);
    }

    @Produces
    @Singleton
    ChainStatus status() {
        return reachability;
    }

    /** Those who book from the chain reconcile in ordinary requests and transactions of their own. */
    @Singleton
    static class Announcer {

        private static final Logger LOG = Logger.getLogger(Follower.class);

        private final Event<ChainAdvanced> event;

        Announcer(Event<ChainAdvanced> event) {
            this.event = event;
        }

        @ActivateRequestContext
        void announce(ChainAdvanced advanced) {
            try {
                event.fire(advanced);
            } catch (RuntimeException e) {
                // What one of them could not book now it finds the next time.
                LOG.error("the books could not follow the chain to block " + advanced.position().head().number(), e);
            }
        }
    }

    // After those who book have reconciled what is there.
    void start(@Observes @Priority(3000) StartupEvent event) {
        Node node = new Node(new NodeHttp(deployment.rpc()));
        Mirror mirror = new Mirror(node, database, deployment,
                new Mirror.Settings(config.firstBlock(), config.range(), DENSE), this::advanced);
        Outbox outbox = new Outbox(node, database, keys, clock,
                new Outbox.Settings(deployment.chainId(), config.resend(), config.raise()));
        Ticker first = new Ticker("chain mirror", config.every(), () -> follow(mirror, node));
        Ticker second = new Ticker("chain outbox", config.every(), () -> {
            database.inTurn(OUTBOX, () -> {
                outbox.step();
                return true;
            });
            return false;
        });
        mirroring = first;
        sending = second;
        first.start();
        second.start();
    }

    private boolean follow(Mirror mirror, Node node) throws Exception {
        try {
            Boolean more = database.inTurn(MIRROR, mirror::step).orElse(null);
            if (more == null) {
                // Another server reads; this one must know all the same whether the chain is there.
                node.latest();
            }
            reachability.answered();
            return more != null && more;
        } catch (NodeFailed e) {
            reachability.failed(String.valueOf(e.getMessage()));
            throw e;
        }
    }

    private void advanced(ChainAdvanced advanced) {
        announcer.announce(advanced);
        nudge();
    }

    private void nudge() {
        Ticker outbox = sending;
        if (outbox != null) {
            outbox.nudge();
        }
    }

    void stop(@Observes ShutdownEvent event) {
        Ticker mirror = mirroring;
        Ticker outbox = sending;
        if (mirror != null && outbox != null) {
            mirror.close();
            outbox.close();
        }
    }
}
