package farthing.metering;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import javax.sql.DataSource;

import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

import farthing.catalog.Listing;
import farthing.identity.Caller;
import farthing.identity.KeyLimits;
import farthing.ledger.Ledger;
import farthing.ledger.LineId;
import farthing.money.Amount;
import farthing.money.Price;
import farthing.receipt.ReceiptSigner;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled;

/**
 * Exact money for calls: reserve the worst case, run, charge what was used. A call that is not charged costs
 * nothing, and no line or key is ever overspent.
 */
@Singleton
public class Metering {

    private static final Logger LOG = Logger.getLogger(Metering.class);

    private final Instances instances;
    private final Leases leases;
    private final KeyBudgets keys;
    private final GroupCommit commits;
    private final Claims claims;
    private final MeteringConfig config;
    private final Clock clock;
    private final MeterRegistry meters;
    /** Reservations that have not ended. */
    private final AtomicInteger underWay = new AtomicInteger();
    private final ScheduledExecutorService recalls = Executors
            .newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("lease-recalls").factory());
    private int looks;

    Metering(DataSource source, Sessions sessions, Ledger ledger, ReceiptSigner signer, MeteringConfig config, Clock clock,
            MeterRegistry meters, Settled settled) {
        Database database = new Database(source);
        long instance = sessions.instance();
        this.config = config;
        this.clock = clock;
        this.meters = meters;
        this.instances = new Instances(database, config.deadAfter(), config.recallPatience(), instance);
        this.leases = new Leases(database, ledger, clock, Amount.ofNanos(config.leaseChunk()), instances);
        this.keys = new KeyBudgets(database, clock, instances);
        this.claims = new Claims(database, clock, instance);
        this.commits = new GroupCommit(new CommitWriter(database, ledger, signer, clock, instance, settled),
                new Doubts(config.doubts()), config.linger(), config.patience(), config.commitSize(), config.queue(),
                underWay::get);
    }

    /**
     * Holds what a call with known output costs.
     *
     * @throws BudgetExhausted when the line cannot pay for it
     * @throws LineFrozen when the line takes no new calls
     * @throws KeyLimitReached when the key's own limits do not allow it
     * @throws MeteringUnavailable when the database does not answer
     */
    public Reservation reserve(Caller caller, Listing listing, int inputTokens, int items) {
        Amount cost = listing.offer().price().chargeRoundedDown(inputTokens, 0, items);
        return hold(caller, listing, cost, cost, held -> 0);
    }

    /**
     * Holds the worst case of a generation: the input and {@code maxTokens} of output, or, when the caller named none, as much
     * output up to {@code mostTokens} as the budget affords.
     *
     * @param maxTokens the caller's own limit, null if it gave none
     * @param mostTokens the most that the model can generate here, ≥ 1
     * @throws BudgetExhausted when the line cannot pay for it, or not for one token of output
     * @throws LineFrozen when the line takes no new calls
     * @throws KeyLimitReached when the key's own limits do not allow it
     * @throws MeteringUnavailable when the database does not answer
     */
    public Reservation reserveGeneration(Caller caller, Listing listing, int inputTokens, @Nullable Integer maxTokens,
            int mostTokens) {
        Price price = listing.offer().price();
        int wantedTokens = maxTokens == null ? mostTokens : Math.min(maxTokens, mostTokens);
        int leastTokens = maxTokens == null ? 1 : wantedTokens;
        return hold(caller, listing, price.chargeRoundedDown(inputTokens, leastTokens, 1),
                price.chargeRoundedDown(inputTokens, wantedTokens, 1),
                held -> price.outputTokensAffordedDown(held, inputTokens, 1, wantedTokens));
    }

    /**
     * Whether the caller's key accepts the version and its offer, before anything is held or run.
     *
     * @throws ModelNotAllowed when the key is for other models
     * @throws PriceAboveLimit when the offer is dearer than the key accepts
     */
    public void permit(Caller caller, Listing listing) {
        KeyLimits limits = caller.limits();
        if (!limits.models().patterns().isEmpty() && !limits.models().allows(listing.model().toString())) {
            throw new ModelNotAllowed(listing.model(), limits.models());
        }
        if (!limits.maxPrice().allows(listing.offer().price())) {
            throw new PriceAboveLimit(listing, limits.maxPrice());
        }
    }

    /**
     * Claims an Idempotency-Key for a request before it runs.
     *
     * @throws IdempotencyMismatch when the key was used for another request
     * @throws CallUnderWay when the first call with it has not ended yet
     * @throws AnswerSealed when the first call came with another secret of the API key
     */
    public Claim claim(Caller caller, String idempotencyKey, byte[] request) {
        try {
            return claims.claim(caller, idempotencyKey, request);
        } catch (Database.Failed | Database.OutcomeUnknown e) {
            throw new MeteringUnavailable(e);
        }
    }

    /**
     * From the caller's commit on, within two seconds, no instance lets a new call begin on the line, and what
     * leases hold of it goes back to it as soon as no call needs it. Calls under way may still charge. Freezing
     * again changes the reason.
     */
    public void freeze(Connection connection, LineId line, FreezeReason reason) throws SQLException {
        FrozenLines.freeze(connection, line, reason, clock.instant());
    }

    /** Lets calls begin again, within two seconds of the caller's commit; nothing for a line that is not frozen. */
    public void thaw(Connection connection, LineId line) throws SQLException {
        FrozenLines.thaw(connection, line);
    }

    /** Why the line takes no new calls; empty while it does. */
    public Optional<FreezeReason> frozen(Connection connection, LineId line) throws SQLException {
        return Optional.ofNullable(FrozenLines.reason(connection, line));
    }

    /** What leases hold of the line and no call has used yet. */
    public Amount leased(Connection connection, LineId line) throws SQLException {
        return Leases.leased(connection, line);
    }

    private interface Afforded {
        int tokens(Amount held);
    }

    private Reservation hold(Caller caller, Listing listing, Amount least, Amount wanted, Afforded afforded) {
        try {
            Hold<KeyLease> allowed = keys.hold(caller, least, wanted);
            Hold<Lease> hold = hold(caller, least, allowed == null ? wanted : allowed.amount(), allowed);
            underWay.incrementAndGet();
            return new Reservation(this, caller, listing, hold, allowed == null ? null : allowed.shrunkTo(hold.amount()),
                    afforded.tokens(hold.amount()));
        } catch (Database.Failed | Database.OutcomeUnknown e) {
            // What was taken from the line and not held is in an open lease, or comes back when that is looked for.
            throw new MeteringUnavailable(e);
        }
    }

    private Hold<Lease> hold(Caller caller, Amount least, Amount wanted, @Nullable Hold<KeyLease> allowed) {
        try {
            return leases.hold(caller.line(), least, wanted);
        } catch (Throwable e) {
            if (allowed != null) {
                allowed.release();
            }
            throw e;
        }
    }

    void ended() {
        underWay.decrementAndGet();
    }

    Charged charge(Reservation reservation, Consumed consumed, @Nullable Replay replay) {
        CompletableFuture<Charged> done = new CompletableFuture<>();
        try {
            Amount amount = reservation.price(consumed.units());
            if (reservation.held().isLessThan(amount)) {
                throw new IllegalStateException(
                        "the engine counted " + consumed.units() + " for receipt " + reservation.receipt()
                                + ", more than the " + reservation.held() + " held for it");
            }
            commits.submit(new GroupCommit.Pending(reservation, consumed, amount, Hashes.of(consumed), replay, done,
                    System.nanoTime()));
        } catch (Throwable e) {
            reservation.end(null);
            throw e;
        }
        try {
            Charged charged = done.join();
            meters.counter("farthing.calls.charged").increment();
            meters.counter("farthing.charged.nanos").increment(charged.amount().nanos());
            return charged;
        } catch (CompletionException e) {
            meters.counter("farthing.calls.not.charged").increment();
            throw e.getCause() instanceof NotCharged notCharged ? notCharged : e;
        }
    }

    void start(@Observes @Priority(100) StartupEvent event) {
        leases.openAccounts();
        instances.heartbeat();
        tidy();
        if (config.soleInstance()) {
            commits.sureOfTheDead();
        }
        var _ = recalls.scheduleWithFixedDelay(this::answerRecalls, 100, 100, TimeUnit.MILLISECONDS);
    }

    /** Alone: whatever else takes long, this server must not be taken for dead meanwhile. */
    @Scheduled(every = "2s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    void beat() {
        instances.heartbeat();
    }

    /** @throws RuntimeException the last of the failures, after all that can be done is done */
    @Scheduled(every = "2s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    void tidy() {
        Duration unseen = config.soleInstance() ? Duration.ZERO : config.deadAfter();
        each(commits::resolveDoubts, () -> instances.endSessionsUnseenFor(unseen), () -> leases.recoverUnseenFor(unseen),
                // After the leases: whoever could still charge on one of these could do so on no line.
                () -> keys.recoverUnseenFor(unseen), () -> claims.tidy(unseen), () -> leases.returnIdle(config.idle()),
                () -> keys.returnIdle(config.idle()));
    }

    /** One failure stops one step. */
    private static void each(Runnable... steps) {
        RuntimeException failed = null;
        for (Runnable step : steps) {
            try {
                step.run();
            } catch (RuntimeException e) {
                failed = e;
            }
        }
        if (failed != null) {
            throw failed;
        }
    }

    /** Ten times a second while others live who may ask; the scheduler of the server looks once a second only. */
    private void answerRecalls() {
        if (instances.others() == 0 && ++looks % 10 != 0) {
            return;
        }
        try {
            each(leases::answerRecalls, keys::answerRecalls);
        } catch (Throwable e) {
            // An error, too, would end the looking for good.
            LOG.debug("what others ask for is not answered now", e);
        }
    }

    /** A second, so that within two a frozen line is refused by every instance and its idle leases are back on it. */
    @Scheduled(every = "1s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    void recallFrozen() {
        leases.recallFrozen();
    }

    void stop(@Observes ShutdownEvent event) {
        recalls.shutdown();
        commits.close();
        each(commits::resolveDoubts, commits::end, leases::returnAll, keys::returnAll);
    }
}
