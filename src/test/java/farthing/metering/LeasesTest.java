package farthing.metering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import javax.sql.DataSource;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.PGConnection;

import farthing.TestClock;
import farthing.TestDatabase;
import farthing.ledger.Account;
import farthing.ledger.Entry;
import farthing.ledger.Ledger;
import farthing.ledger.LineId;
import farthing.metering.FaultyDatabase.Fault;
import farthing.money.Amount;

class LeasesTest {

    private static final Amount TEN = Amount.ofNanos(10);
    private static final Duration UNSEEN = Duration.ofSeconds(15);
    /** Long, since those that are asked do answer. */
    private static final Duration ANSWERED = Duration.ofSeconds(30);

    private final TestClock clock = new TestClock(Instant.parse("2026-11-01T00:00:00Z"));
    private final Ledger ledger = new Ledger();
    private final LineId line = new LineId(ThreadLocalRandom.current().nextInt());
    private final DataSource source = TestDatabase.separate("leases");
    private final Database database = new Database(source);
    private final Map<Leases, Instances> alive = new ConcurrentHashMap<>();

    @BeforeEach
    void alone() {
        Calls.unseenFor(database, Duration.ofHours(1));
    }

    @BeforeEach
    void fundTheLine() {
        database.inTransaction(connection -> {
            ledger.open(connection, Account.deposits());
            ledger.open(connection, Account.line(line));
            ledger.post(connection,
                    Entry.transfer("deposit", "d:" + line + ThreadLocalRandom.current().nextLong(), clock.instant(),
                            Account.deposits(), Account.line(line),
                            Amount.ofNanos(200)));
            return true;
        });
    }

    @Test
    void servesExactlyWhatTheLineCanPayFor() throws Exception {
        assertThat(servedOfSixty(List.of(instance(Amount.ofNanos(35))))).isEqualTo(20);
        assertThat(balance(Account.line(line))).isZero();
    }

    @Test
    void twoInstancesTogetherServeExactlyWhatTheLineCanPayFor() throws Exception {
        assertThat(servedOfSixty(List.of(instance(TEN), instance(TEN)))).isEqualTo(20);
    }

    @Test
    void holdsLessWhereLessIsEnough() {
        Leases leases = instance(TEN);
        assertThat(leases.hold(line, TEN, Amount.ofNanos(1000)).amount()).isEqualTo(Amount.ofNanos(200));
        assertThatThrownBy(() -> leases.hold(line, Amount.ofNanos(1), Amount.ofNanos(1))).isInstanceOf(BudgetExhausted.class)
                .hasMessageContaining("$0.00 left");
    }

    @Test
    void anIdleLeaseGoesBackToItsLine() {
        Leases leases = instance(Amount.ofNanos(50));
        Hold<Lease> hold = leases.hold(line, TEN, TEN);
        clock.advance(Duration.ofMinutes(1));
        assertThat(leases.returnIdle(Duration.ofSeconds(30))).as("still held").isZero();
        hold.of().release(hold.amount());
        clock.advance(Duration.ofMinutes(1));
        assertThat(leases.returnIdle(Duration.ofSeconds(30))).isEqualTo(1);
        assertThat(balance(Account.line(line))).isEqualTo(200);
        assertThat(balance(Account.leased(line))).isZero();
        assertThat(leases.hold(line, TEN, TEN).of().id()).isNotEqualTo(hold.of().id());
    }

    @Test
    void anIdleLeaseGoesBackThoughTheClockWasSetBack() {
        Leases leases = instance(Amount.ofNanos(50));
        Hold<Lease> hold = leases.hold(line, TEN, TEN);
        hold.of().release(hold.amount());
        clock.advance(Duration.ofHours(-1));
        assertThat(leases.returnIdle(Duration.ofSeconds(30))).as("used just now").isZero();
        clock.advance(Duration.ofSeconds(40));
        assertThat(leases.returnIdle(Duration.ofSeconds(30))).isEqualTo(1);
        assertThat(balance(Account.line(line))).isEqualTo(200);
    }

    @Test
    void whatACallJustTookIntoUseStaysWhateverTheClockDoes() throws Exception {
        Leases leases = instance(TEN);
        AtomicBoolean ended = new AtomicBoolean();
        try (var tidying = Executors.newSingleThreadExecutor()) {
            Future<?> tidied = tidying.submit(() -> {
                for (int i = 0; !ended.get(); i++) {
                    clock.advance(Duration.ofHours(i % 2 == 0 ? 1 : -1));
                    leases.returnIdle(Duration.ofSeconds(30));
                }
            });
            try {
                for (int i = 0; i < 300; i++) {
                    Hold<Lease> hold = leases.hold(line, TEN, TEN);
                    assertThat(isOpen(hold.of().id())).isTrue();
                    hold.of().release(hold.amount());
                }
            } finally {
                ended.set(true);
            }
            tidied.get();
        }
    }

    private boolean isOpen(LeaseId id) {
        return database.read(connection -> {
            try (var select = connection.prepareStatement("select 1 from lease where id = ? and state = 'OPEN'")) {
                select.setLong(1, id.value());
                try (var row = select.executeQuery()) {
                    return row.next();
                }
            }
        });
    }

    @Test
    void aDeadInstancesLeaseIsRecoveredOnce() {
        Leases dead = instance(Amount.ofNanos(50));
        dead.hold(line, TEN, TEN);
        Calls.unseenFor(database, Duration.ofSeconds(20));
        Leases first = instance(TEN);
        Leases second = instance(TEN);
        first.recoverUnseenFor(UNSEEN);
        assertThat(balance(Account.line(line))).isEqualTo(200);
        second.recoverUnseenFor(UNSEEN);
        assertThat(balance(Account.line(line))).isEqualTo(200);
    }

    @Test
    void aLeaseIsRecoveredThoughItsInstanceStalledWhileItWroteACommit() throws Exception {
        Sessions sessions = new Sessions();
        Instances its = new Instances(database, UNSEEN, ANSWERED, sessions.instance());
        its.heartbeat();
        new Leases(database, ledger, clock, Amount.ofNanos(50), its).hold(line, TEN, TEN);
        Connection stalled = source.getConnection();
        try {
            sessions.onConnectionCreate(stalled);
            stalled.setAutoCommit(false);
            stalled.createStatement().execute("select 1 from lease where line = " + line.value() + " for no key update");
            var _ = stalled.unwrap(PGConnection.class).getCopyAPI().copyIn("copy usage from stdin");
            Calls.unseenFor(database, Duration.ofSeconds(20));
            Leases other = instance(TEN);

            Objects.requireNonNull(alive.get(other)).endSessionsUnseenFor(UNSEEN);
            other.recoverUnseenFor(UNSEEN);

            assertThat(balance(Account.line(line))).isEqualTo(200);
        } finally {
            // The driver would wait for the end of the copy.
            stalled.abort(Runnable::run);
        }
    }

    @Test
    void aLivingInstanceKeepsItsLease() {
        Leases living = instance(Amount.ofNanos(50));
        living.hold(line, TEN, TEN);
        Calls.unseenFor(database, Duration.ofSeconds(20));
        Objects.requireNonNull(alive.get(living)).heartbeat();
        instance(TEN).recoverUnseenFor(UNSEEN);
        assertThat(balance(Account.line(line))).isEqualTo(150);
    }

    @Test
    void anInstanceWhoseLeaseWasRecoveredTakesANewOne() {
        Leases stalled = instance(Amount.ofNanos(50));
        Hold<Lease> before = stalled.hold(line, TEN, TEN);
        Calls.unseenFor(database, Duration.ofSeconds(20));
        instance(TEN).recoverUnseenFor(UNSEEN);
        Hold<Lease> after = stalled.hold(line, Amount.ofNanos(60), Amount.ofNanos(60));
        assertThat(after.of().id()).isNotEqualTo(before.of().id());
        assertThat(before.of().isOpen()).isFalse();
    }

    @Test
    void noCallBeginsOnALeaseThatOthersTookOverWhileNobodyCalled() {
        Leases stalled = instance(Amount.ofNanos(50));
        Hold<Lease> before = stalled.hold(line, TEN, TEN);
        before.of().release(TEN);
        Calls.unseenFor(database, Duration.ofSeconds(20));
        instance(TEN).recoverUnseenFor(UNSEEN);

        stalled.returnIdle(Duration.ofSeconds(30));

        assertThat(isOpen(stalled.hold(line, TEN, TEN).of().id())).isTrue();
    }

    @Test
    void aCallIsServedThoughTheIdleLeaseWithTheMoneyIsJustBeingReturned() {
        FaultyDatabase faulty = new FaultyDatabase(source);
        Leases leases = instance(new Database(faulty.source()), Amount.ofNanos(200));
        Hold<Lease> hold = leases.hold(line, TEN, TEN);
        hold.of().release(hold.amount());
        clock.advance(Duration.ofMinutes(1));
        // Closed here and not yet in the database, where the line is still empty.
        faulty.always(writer -> FaultyDatabase.Fault.REFUSED);
        assertThatThrownBy(() -> leases.returnIdle(Duration.ofSeconds(30))).isInstanceOf(Database.Failed.class);
        faulty.heal();
        assertThat(hold.of().isOpen()).isFalse();
        assertThat(leases.hold(line, TEN, TEN).amount()).isEqualTo(TEN);
    }

    @Test
    void aCallIsServedThoughOthersTakeWhatItWasJustGranted() throws Exception {
        Leases leases = instance(Amount.ofNanos(1));
        AtomicBoolean ended = new AtomicBoolean();
        try (var threads = Executors.newFixedThreadPool(3)) {
            for (int i = 0; i < 3; i++) {
                var _ = threads.submit(() -> {
                    while (!ended.get()) {
                        Hold<Lease> hold = leases.hold(line, Amount.ofNanos(1), Amount.ofNanos(1));
                        hold.of().release(hold.amount());
                    }
                });
            }
            try {
                for (int i = 0; i < 40; i++) {
                    leases.hold(line, Amount.ofNanos(4), Amount.ofNanos(4));
                }
            } finally {
                ended.set(true);
            }
        }
    }

    @Test
    void whatLiesFreeElsewhereIsAskedForBeforeACallIsRefused() throws Exception {
        Leases rich = instance(Amount.ofNanos(200));
        Hold<Lease> held = rich.hold(line, TEN, TEN);
        assertThat(balance(Account.line(line))).as("all of it was lent").isZero();
        Leases poor = instance(TEN);
        try (Answering _ = new Answering(List.of(rich))) {
            assertThat(poor.hold(line, Amount.ofNanos(190), Amount.ofNanos(190)).amount()).isEqualTo(Amount.ofNanos(190));
            assertThatThrownBy(() -> poor.hold(line, Amount.ofNanos(1), Amount.ofNanos(1))).isInstanceOf(BudgetExhausted.class);
        }
        assertThat(held.of().free()).isEqualTo(Amount.ZERO);
    }

    @Test
    void aCallIsNotToldThatThereIsNoMoneyWhileASilentServerHoldsSome() {
        instance(Amount.ofNanos(200)).hold(line, TEN, TEN);
        assertThatThrownBy(() -> instance(database, TEN, Duration.ofMillis(100)).hold(line, TEN, TEN))
                .isInstanceOf(BudgetHeldElsewhere.class);
    }

    @Test
    void threeInstancesServeToTheLastAffordableCallThoughEachHasAPieceOfIt() throws Exception {
        for (int round = 0; round < 5; round++) {
            if (round > 0) {
                fundTheLine();
            }
            List<Leases> instances = List.of(instance(Amount.ofNanos(7)), instance(Amount.ofNanos(13)),
                    instance(Amount.ofNanos(64)));
            alive.values().forEach(Instances::heartbeat);
            try (Answering _ = new Answering(instances)) {
                assertThat(served(instances, 60)).isEqualTo(20);
                instances.forEach(Leases::returnAll);
                assertThat(balance(Account.line(line)) + balance(Account.leased(line))).isEqualTo(0);
            }
        }
    }

    @Test
    void aBusyLeaseIsRefilledBeforeItIsEmpty() throws Exception {
        Leases leases = instance(Amount.ofNanos(40));
        for (int i = 0; i < 4; i++) {
            assertThat(leases.hold(line, TEN, TEN).of().isOpen()).isTrue();
        }
        for (int i = 0; balance(Account.line(line)) == 160 && i < 6000; i++) {
            Thread.sleep(10);
        }
        assertThat(balance(Account.line(line))).isLessThan(160);
    }

    @ParameterizedTest
    @EnumSource(names = { "CONFIRMATION_LOST", "COMMIT_LOST" })
    void allOfALineIsSpentThoughAGrantWasNotConfirmed(Fault fault) {
        FaultyDatabase faulty = new FaultyDatabase(source);
        Leases leases = instance(new Database(faulty.source()), TEN);
        faulty.always(writer -> fault);
        assertThatThrownBy(() -> leases.hold(line, TEN, TEN)).isInstanceOf(Database.OutcomeUnknown.class);
        faulty.heal();
        assertSpendsTheRest(leases, 200);
    }

    @ParameterizedTest
    @EnumSource(names = { "CONFIRMATION_LOST", "COMMIT_LOST" })
    void allOfALineIsSpentThoughTheGrowthOfItsLeaseWasNotConfirmed(Fault fault) {
        FaultyDatabase faulty = new FaultyDatabase(source);
        Leases leases = instance(new Database(faulty.source()), TEN);
        Hold<Lease> underWay = leases.hold(line, TEN, TEN);
        faulty.always(writer -> fault);
        assertThatThrownBy(() -> leases.hold(line, Amount.ofNanos(150), Amount.ofNanos(150)))
                .isInstanceOf(Database.OutcomeUnknown.class);
        faulty.heal();

        assertThat(leases.hold(line, Amount.ofNanos(190), Amount.ofNanos(190)).of()).as("no call under way is fenced")
                .isSameAs(underWay.of());
        assertThatThrownBy(() -> leases.hold(line, Amount.ofNanos(1), Amount.ofNanos(1))).isInstanceOf(BudgetExhausted.class);
        assertBooked(200);
    }

    @Test
    void allOfALineIsSpentThoughARefillAheadOfNeedWasNotConfirmed() throws Exception {
        FaultyDatabase faulty = new FaultyDatabase(source);
        Leases leases = instance(new Database(faulty.source()), Amount.ofNanos(40));
        leases.hold(line, TEN, TEN);
        faulty.always(writer -> Fault.CONFIRMATION_LOST);
        for (int i = 0; i < 3; i++) {
            leases.hold(line, TEN, TEN);
        }
        for (int i = 0; balance(Account.line(line)) == 160 && i < 6000; i++) {
            Thread.sleep(10);
        }
        assertThat(balance(Account.line(line))).isLessThan(160);
        faulty.heal();
        assertSpendsTheRest(leases, 160);
    }

    @ParameterizedTest
    @EnumSource(names = { "CONFIRMATION_LOST", "COMMIT_LOST", "REFUSED" })
    void anotherServerGetsWhatWasGivenBackWithoutAConfirmation(Fault fault) throws Exception {
        FaultyDatabase faulty = new FaultyDatabase(source);
        Leases rich = instance(new Database(faulty.source()), Amount.ofNanos(200));
        Hold<Lease> held = rich.hold(line, TEN, TEN);
        Leases poor = instance(TEN);
        AtomicInteger answers = new AtomicInteger();
        // The answer itself is the first thing that the rich one commits.
        faulty.always(writer -> answers.getAndIncrement() == 0 ? fault : Fault.NONE);
        try (Answering _ = new Answering(List.of(rich))) {
            assertThat(poor.hold(line, Amount.ofNanos(150), Amount.ofNanos(150)).amount()).isEqualTo(Amount.ofNanos(150));
            assertThat(answers.get()).isPositive();
        }
        try (Answering _ = new Answering(List.of(poor))) {
            Hold<Lease> rest = rich.hold(line, Amount.ofNanos(40), Amount.ofNanos(40));
            assertThat(rest.of()).isSameAs(held.of());
            assertThatThrownBy(() -> rich.hold(line, Amount.ofNanos(1), Amount.ofNanos(1))).isInstanceOf(BudgetExhausted.class);
        }
        assertBooked(200);
    }

    @Test
    void aServerIsNotToldThatThereIsNoMoneyWhileAnotherHasAGrantThatWasNotConfirmed() throws Exception {
        FaultyDatabase faulty = new FaultyDatabase(source);
        Leases unlucky = instance(new Database(faulty.source()), Amount.ofNanos(200));
        faulty.always(writer -> Fault.CONFIRMATION_LOST);
        assertThatThrownBy(() -> unlucky.hold(line, TEN, TEN)).isInstanceOf(Database.OutcomeUnknown.class);
        faulty.heal();
        Leases poor = instance(TEN);
        try (Answering answering = new Answering(List.of(unlucky))) {
            answering.tidying(unlucky);
            assertThat(poor.hold(line, Amount.ofNanos(200), Amount.ofNanos(200)).amount()).isEqualTo(Amount.ofNanos(200));
        }
    }

    private void assertSpendsTheRest(Leases leases, long nanos) {
        Amount rest = Amount.ofNanos(nanos);
        assertThat(leases.hold(line, rest, rest).amount()).isEqualTo(rest);
        assertThatThrownBy(() -> leases.hold(line, Amount.ofNanos(1), Amount.ofNanos(1))).isInstanceOf(BudgetExhausted.class);
        assertBooked(200);
    }

    /** All of the line is in open leases. */
    private void assertBooked(long nanos) {
        assertThat(balance(Account.line(line))).isZero();
        assertThat(balance(Account.leased(line))).isEqualTo(nanos);
        assertThat(database.<Amount> read(connection -> Leases.leased(connection, line))).isEqualTo(Amount.ofNanos(nanos));
    }

    /** Answers for instances that live, as the server's own thread does. */
    private static final class Answering implements AutoCloseable {

        private final ScheduledExecutorService threads = Executors.newScheduledThreadPool(3);

        Answering(List<Leases> instances) {
            for (Leases each : instances) {
                var _ = threads.scheduleWithFixedDelay(() -> answer(each), 5, 5, TimeUnit.MILLISECONDS);
            }
        }

        private static void answer(Leases each) {
            try {
                each.answerRecalls();
            } catch (Database.Failed | Database.OutcomeUnknown e) {
                // The next time will do.
            }
        }

        void tidying(Leases each) {
            var _ = threads.schedule(() -> each.returnIdle(Duration.ofSeconds(30)), 500, TimeUnit.MILLISECONDS);
        }

        @Override
        public void close() {
            threads.close();
        }
    }

    /** Sixty parallel calls of ten nanos, spread over the instances. */
    private int servedOfSixty(List<Leases> instances) throws Exception {
        try (Answering _ = new Answering(instances)) {
            return served(instances, 60);
        }
    }

    private int served(List<Leases> instances, int wanted) throws Exception {
        List<Callable<Boolean>> calls = new ArrayList<>();
        for (int i = 0; i < wanted; i++) {
            Leases leases = instances.get(i % instances.size());
            calls.add(() -> {
                try {
                    // As a call that is charged what it held.
                    Hold<Lease> hold = leases.hold(line, TEN, TEN);
                    charge(hold);
                    return true;
                } catch (BudgetExhausted e) {
                    return false;
                }
            });
        }
        int served = 0;
        try (var threads = Executors.newFixedThreadPool(16)) {
            for (Future<Boolean> call : threads.invokeAll(calls)) {
                served += call.get() ? 1 : 0;
            }
        }
        return served;
    }

    private void charge(Hold<Lease> hold) {
        database.inTransaction(connection -> {
            try (var update = connection
                    .prepareStatement("update lease set used = used + ? where id = ? and state = 'OPEN'")) {
                update.setLong(1, hold.amount().nanos());
                update.setLong(2, hold.of().id().value());
                assertThat(update.executeUpdate()).isEqualTo(1);
            }
            ledger.open(connection, Account.charges());
            ledger.post(connection, Entry.transfer("calls", "c:" + ThreadLocalRandom.current().nextLong(), clock.instant(),
                    Account.leased(line), Account.charges(), hold.amount()));
            return true;
        });
        hold.settle(hold.amount());
    }

    private Leases instance(Amount chunk) {
        return instance(database, chunk);
    }

    private Leases instance(Database database, Amount chunk) {
        return instance(database, chunk, ANSWERED);
    }

    private Leases instance(Database database, Amount chunk, Duration recallPatience) {
        Instances instances = new Instances(database, UNSEEN, recallPatience, ThreadLocalRandom.current().nextLong());
        instances.heartbeat();
        Leases leases = new Leases(database, ledger, clock, chunk, instances);
        alive.put(leases, instances);
        return leases;
    }

    private long balance(Account account) {
        return database.read(connection -> ledger.balance(connection, account)).nanos();
    }

}
