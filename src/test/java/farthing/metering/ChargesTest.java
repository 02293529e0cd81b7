package farthing.metering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Stream;

import javax.sql.DataSource;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import farthing.catalog.Listing;
import farthing.catalog.Offer;
import farthing.catalog.OfferId;
import farthing.catalog.VersionId;
import farthing.identity.Caller;
import farthing.identity.KeyLimits;
import farthing.ledger.Account;
import farthing.metering.FaultyDatabase.Fault;
import farthing.money.Amount;
import farthing.money.Price;
import farthing.money.Split;
import farthing.receipt.ReceiptId;
import io.quarkus.runtime.ShutdownEvent;

/** Charges whose database fails at every point of a group commit. After each test the books are checked. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ChargesTest {

    private static final long FUNDS = 10_000;

    /** Later than the database can say. */
    private static final Instant NO_TIMESTAMP = Instant.parse("+500000-01-01T00:00:00Z");

    private Calls calls;
    private Caller caller;

    @BeforeEach
    void aFundedLine() throws SQLException {
        calls = new Calls(FUNDS, new Calls.Settings(Duration.ofMillis(700), 100));
        caller = calls.caller();
    }

    /** For what is charged in the end, however long the attempts take; nobody waits out this patience. */
    private void patiently() throws SQLException {
        calls.close();
        calls = new Calls(FUNDS, new Calls.Settings(Duration.ofSeconds(30), 100));
        caller = calls.caller();
    }

    @AfterEach
    void theBooksAreRightAndEveryHoldHasEnded() throws SQLException {
        calls.close();
        assertThat(calls.openLeases()).isZero();
    }

    @Test
    void chargesOnceWhenTheSameCallIsChargedTwice() {
        Reservation call = calls.reserve(caller);
        Charged charged = call.charge(Calls.consumed(0, 0), null);
        assertThat(charged.amount()).isEqualTo(Calls.PER_CALL);
        assertThatThrownBy(() -> call.charge(Calls.consumed(0, 0), null)).isInstanceOf(IllegalStateException.class);
        call.close();
        assertThat(calls.left()).isEqualTo(FUNDS - 10);
    }

    @Test
    void givesBackExactlyWhatWasHeld() {
        Reservation held = calls.metering.reserve(caller, Calls.LISTING, 90, 1);
        held.close();
        held.close();
        assertThatThrownBy(() -> held.charge(Calls.consumed(0, 0), null)).isInstanceOf(IllegalStateException.class);
        assertThat(calls.left()).isEqualTo(FUNDS);
        assertThat(held.lease().free()).isEqualTo(Amount.ofNanos(100));
    }

    @Test
    void chargesWhatWasUsedAndGivesBackTheRest() {
        try (Reservation call = calls.metering.reserveGeneration(caller, Calls.LISTING, 5, 20, 100)) {
            assertThat(call.maxOutputTokens()).isEqualTo(20);
            assertThat(call.charge(Calls.consumed(5, 7), null).amount()).isEqualTo(Amount.ofNanos(5 + 14 + 10));
            assertThat(call.lease().free()).isEqualTo(Amount.ofNanos(100 - 29));
        }
    }

    @Test
    void neverChargesMoreThanWasHeld() {
        Reservation call = calls.reserve(caller);
        assertThatThrownBy(() -> call.charge(Calls.consumed(1, 0), null)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("more than the 10 nanos held");
        assertThat(calls.left()).isEqualTo(FUNDS);
        assertThat(call.lease().free()).isEqualTo(Amount.ofNanos(100));
    }

    @Test
    void aCallWithoutMaxTokensGetsWhatTheBudgetAffords() throws SQLException {
        try (Calls poor = new Calls(75)) {
            Caller spender = poor.caller();
            try (Reservation call = poor.metering.reserveGeneration(spender, Calls.LISTING, 5, null, 1000)) {
                assertThat(call.maxOutputTokens()).isEqualTo(30);
                assertThat(call.charge(Calls.consumed(5, 30), null).amount()).isEqualTo(Amount.ofNanos(75));
            }
            assertThatThrownBy(() -> poor.metering.reserveGeneration(spender, Calls.LISTING, 5, null, 1000))
                    .isInstanceOf(BudgetExhausted.class);
            assertThat(poor.left()).isZero();
        }
    }

    @Test
    void aFreeCallIsServedAndReceiptedOnAnEmptyLine() throws SQLException {
        try (Calls penniless = new Calls(0)) {
            Listing free = Calls.listing(new VersionId(2), new Price(0, 0, 0, 0), new Split(7000, 0, 2000, 0, 1000));
            try (Reservation call = penniless.metering.reserve(penniless.caller(), free, 5, 1)) {
                Charged charged = call.charge(Calls.consumed(5, 0), null);
                assertThat(charged.amount()).isEqualTo(Amount.ZERO);
                assertThat(durable(charged)).isTrue();
            }
            assertThatThrownBy(() -> penniless.reserve(penniless.caller())).isInstanceOf(BudgetExhausted.class);
        }
    }

    @Test
    void aCallIsNotBegunWhileTheBooksAreAway() {
        calls.faulty.down();
        assertThatThrownBy(() -> calls.reserve(caller)).isInstanceOf(MeteringUnavailable.class);
        assertThatThrownBy(() -> calls.metering.claim(caller, "key", new byte[0])).isInstanceOf(MeteringUnavailable.class);
        calls.faulty.heal();
        assertThat(Calls.charged(calls.reserve(caller)).amount()).isEqualTo(Calls.PER_CALL);
    }

    @Test
    void aCommitThatTheServerRefusedIsMadeAgain() throws SQLException {
        patiently();
        calls.faulty.nextCommits(Fault.REFUSED, Fault.REFUSED);
        assertThat(Calls.charged(calls.reserve(caller)).amount()).isEqualTo(Calls.PER_CALL);
        assertThat(calls.left()).isEqualTo(FUNDS - 10);
    }

    @Test
    void aCommitThatNeverArrivedIsMadeAgain() throws SQLException {
        patiently();
        calls.faulty.nextCommits(Fault.COMMIT_LOST);
        Charged charged = Calls.charged(calls.reserve(caller));
        assertThat(durable(charged)).isTrue();
        assertThat(calls.left()).isEqualTo(FUNDS - 10);
    }

    @Test
    void aCommitWhoseConfirmationWasLostIsNotMadeAgain() throws SQLException {
        patiently();
        calls.faulty.nextCommits(Fault.CONFIRMATION_LOST);
        Charged charged = Calls.charged(calls.reserve(caller));
        assertThat(durable(charged)).isTrue();
        assertThat(calls.left()).isEqualTo(FUNDS - 10);
    }

    @Test
    void callsAreFreeWhenTheDatabaseStaysAwayLongerThanTheyWait() {
        Reservation call = calls.reserve(caller);
        calls.faulty.down();
        assertThatThrownBy(() -> Calls.charged(call)).isInstanceOf(NotCharged.class).hasMessageContaining("was not charged");
        calls.faulty.heal();
        assertThat(calls.left()).isEqualTo(FUNDS);
        assertThat(Calls.charged(calls.reserve(caller)).amount()).isEqualTo(Calls.PER_CALL);
    }

    @Test
    void aCallThatWasChargedWithoutAnAnswerIsChargedBack() {
        Reservation call = calls.reserve(caller);
        calls.faulty.nextCommits(Fault.CONFIRMATION_LOST_THEN_DOWN);
        assertThatThrownBy(() -> Calls.charged(call)).isInstanceOf(NotCharged.class).hasMessageContaining("did not confirm");
        assertThat(catchThrowable(calls.metering::tidy)).as("still away").isNotNull();
        calls.faulty.heal();
        assertThat(calls.left()).as("charged indeed").isEqualTo(FUNDS - 10);
        calls.metering.tidy();
        calls.metering.tidy();
        assertThat(calls.left()).as("and back again, once").isEqualTo(FUNDS);
        assertThat(new UsageLog(calls.source).find(call.receipt()).orElseThrow().reversedAt()).isNotNull();
        assertThat(Calls.charged(calls.reserve(caller)).amount()).isEqualTo(Calls.PER_CALL);
    }

    @Test
    void aReversalWhoseConfirmationWasLostIsMadeOnce() {
        Reservation call = calls.reserve(caller);
        calls.faulty.nextCommits(Fault.CONFIRMATION_LOST_THEN_DOWN);
        assertThatThrownBy(() -> Calls.charged(call)).isInstanceOf(NotCharged.class);
        calls.faulty.heal();
        calls.faulty.nextCommits(Fault.COMMIT_LOST, Fault.CONFIRMATION_LOST);
        assertThat(catchThrowable(calls.metering::tidy)).isNotNull();
        assertThat(calls.left()).as("not yet").isEqualTo(FUNDS - 10);
        assertThat(catchThrowable(calls.metering::tidy)).isNotNull();
        assertThat(calls.left()).as("done, though nobody here knows").isEqualTo(FUNDS);
        calls.metering.tidy();
        assertThat(calls.left()).isEqualTo(FUNDS);
    }

    @Test
    void aServerThatEndsBeforeItKnowsGivesItBackAtItsNextStart(@TempDir Path disk) {
        Calls.Settings settings = new Calls.Settings(Duration.ofMillis(700), 100).with(disk.resolve("doubts"));
        Metering killed = calls.instance(calls.faulty.source(), settings);
        Reservation call = killed.reserve(caller, Calls.LISTING, 0, 1);
        calls.faulty.nextCommits(Fault.CONFIRMATION_LOST_THEN_DOWN);
        assertThatThrownBy(() -> Calls.charged(call)).isInstanceOf(NotCharged.class);
        calls.faulty.heal();
        assertThat(calls.left()).as("charged, and it does not know").isEqualTo(FUNDS - 10);

        Metering next = calls.instance(calls.source, settings);
        next.tidy();
        assertThat(calls.left()).isEqualTo(FUNDS);
        assertThat(new UsageLog(calls.source).find(call.receipt()).orElseThrow().reversedAt()).isNotNull();
        assertThat(disk.resolve("doubts")).isEmptyDirectory();
        // Not twice: neither does one that was only thought to be dead.
        killed.stop(new ShutdownEvent());
        next.stop(new ShutdownEvent());
        assertThat(calls.left()).isEqualTo(FUNDS);
    }

    @Test
    void aDoubtThatCannotBeReadIsLeftWhereItIs(@TempDir Path disk) throws IOException {
        Path broken = Files.writeString(disk.resolve("1f.json"), "{\"commit\":");
        assertThat(new Doubts(disk).open()).isEmpty();
        assertThat(broken).exists();
        // Nothing can be written there: it is in doubt in memory, and the call has its answer.
        Doubts unwritable = new Doubts(broken.resolve("doubts"));
        Doubts.Doubt doubt = new Doubts.Doubt(7, List.of());
        unwritable.add(doubt);
        assertThat(unwritable.open()).containsExactly(doubt);
        unwritable.resolved(doubt);
        assertThat(unwritable.open()).isEmpty();
    }

    @Test
    void noBatchTakesWhatMayStillBeTakenBack() throws Exception {
        Reservation known = calls.reserve(caller);
        Reservation doubted = calls.reserve(caller);
        Reservation later = calls.reserve(caller);
        long lease = known.lease().id().value();
        assertThat(List.of(doubted.lease(), later.lease())).containsOnly(known.lease());
        Calls.charged(known);
        calls.faulty.nextCommits(Fault.CONFIRMATION_LOST_THEN_DOWN);
        assertThatThrownBy(() -> Calls.charged(doubted)).isInstanceOf(NotCharged.class);
        assertThat(taken(lease)).as("the next commit said that the first one is known").isEqualTo(1);
        calls.faulty.heal();
        // What was held on the lease may still be charged to it, and says nothing of what is in doubt.
        Calls.charged(later);
        Thread.sleep(300);
        assertThat(taken(lease)).isEqualTo(1);
        calls.metering.tidy();
        await(() -> taken(lease) == 3);
        assertThat(calls.left()).isEqualTo(FUNDS - 20);
    }

    @Test
    void aServerThatNeverSaysHasItsTime() throws Exception {
        Reservation call = calls.reserve(caller);
        long lease = call.lease().id().value();
        calls.faulty.nextCommits(Fault.CONFIRMATION_LOST_THEN_DOWN);
        assertThatThrownBy(() -> Calls.charged(call)).isInstanceOf(NotCharged.class);
        Metering other = calls.instance(calls.source, Calls.Settings.USUAL);
        // By the database's clock, which ends it now; that of the test stands still.
        calls.unseenFor(Duration.ofSeconds(20));
        other.tidy();
        try (Connection connection = calls.source.getConnection(); Statement statement = connection.createStatement()) {
            assertThat(
                    statement.executeUpdate("update lease set closed_at = now() where state = 'RECOVERED' and id = " + lease))
                    .isEqualTo(1);
        }
        assertThat(taken(lease)).isZero();
        assertThat(taken(lease, Duration.ZERO)).isEqualTo(1);
        calls.faulty.heal();
        calls.metering.tidy();
        assertThat(calls.left()).as("it came back in time").isEqualTo(FUNDS);
        other.stop(new ShutdownEvent());
    }

    private int taken(long lease) throws SQLException {
        return taken(lease, Duration.ofMinutes(10));
    }

    private int taken(long lease, Duration doubted) throws SQLException {
        try (Connection connection = calls.source.getConnection()) {
            connection.setAutoCommit(false);
            return new DurableReceipts(doubted).take(connection, lease, 0, Instant.parse("2100-01-01T00:00:00Z"),
                    receipt -> true);
        }
    }

    private static void await(Callable<Boolean> holds) throws Exception {
        for (int i = 0; i < 1200 && !holds.call(); i++) {
            Thread.sleep(50);
        }
        assertThat(holds.call()).isTrue();
    }

    @Test
    void whatABatchHoldsIsNotChargedBack() {
        Reservation call = calls.reserve(caller);
        calls.faulty.nextCommits(Fault.CONFIRMATION_LOST_THEN_DOWN);
        assertThatThrownBy(() -> Calls.charged(call)).isInstanceOf(NotCharged.class);
        calls.faulty.heal();
        calls.settledUpTo = 1;
        calls.metering.tidy();
        assertThat(calls.left()).isEqualTo(FUNDS - 10);
        assertThat(new UsageLog(calls.source).find(call.receipt()).orElseThrow().reversedAt()).isNull();
    }

    @Test
    void aReversalWaitsForTheBatchThatIsBeingBuiltAndACallDoesNot() throws Exception {
        Reservation call = calls.reserve(caller);
        calls.faulty.nextCommits(Fault.CONFIRMATION_LOST_THEN_DOWN);
        assertThatThrownBy(() -> Calls.charged(call)).isInstanceOf(NotCharged.class);
        calls.faulty.heal();
        Reservation next = calls.reserve(caller);
        Thread reversal = new Thread(calls.metering::tidy);
        try (Connection building = calls.source.getConnection()) {
            building.setAutoCommit(false);
            new DurableReceipts(Duration.ofMinutes(10)).hold(building,
                    List.of(call.lease().id().value(), next.lease().id().value()));
            reversal.start();
            assertThat(Calls.charged(next).amount()).isEqualTo(Calls.PER_CALL);
            reversal.join(300);
            assertThat(reversal.isAlive()).isTrue();
            calls.settledUpTo = 1;
            building.commit();
        }
        reversal.join();
        assertThat(calls.left()).isEqualTo(FUNDS - 20);
    }

    @Test
    void oneBadChargeDoesNotFailItsNeighbours() throws Exception {
        patiently();
        List<Callable<Object>> all = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            Reservation call = calls.reserve(caller);
            Consumed consumed = i == 5 ? new Consumed(new Units(0, 0, 1), new byte[0], new byte[0], false, false, NO_TIMESTAMP)
                    : Calls.consumed(0, 0);
            all.add(() -> call.charge(consumed, null));
        }
        int charged = 0;
        for (Object outcome : Outcomes.of(all)) {
            charged += outcome instanceof Charged ? 1 : 0;
        }
        assertThat(charged).isEqualTo(11);
        assertThat(calls.left()).isEqualTo(FUNDS - 110);
    }

    @Test
    void theWriterOutlivesAnError() {
        Reservation call = calls.reserve(caller);
        calls.faulty.throwInWriter(new OutOfMemoryError("as a test"));
        assertThatThrownBy(() -> Calls.charged(call)).isInstanceOf(NotCharged.class);
        assertThat(Calls.charged(calls.reserve(caller)).amount()).isEqualTo(Calls.PER_CALL);
    }

    @Test
    void whatFindsTheQueueFullIsFreeAndTheOthersAreChargedOnceTheDatabaseGoesOn() throws Exception {
        var hangs = new CountDownLatch(1);
        var goesOn = new CountDownLatch(1);
        Calls.Settings ofTwoPlaces = new Calls.Settings(Duration.ofSeconds(30), 100, 1, 2);
        try (Calls narrow = new Calls(FUNDS, ofTwoPlaces); var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Caller limited = narrow.caller(new KeyLimits(Amount.ofNanos(60), null));
            List<Reservation> held = Stream.generate(() -> narrow.reserve(limited)).limit(6).toList();
            narrow.faulty.always(writer -> {
                if (writer) {
                    hangs.countDown();
                    awaitDone(goesOn);
                }
                return Fault.NONE;
            });
            BlockingQueue<Map.Entry<Reservation, Object>> ended = new LinkedBlockingQueue<>();
            try {
                // One hangs in the database, two wait, and whichever three of the other five come last are refused.
                charge(held.getFirst(), threads, ended);
                hangs.await();
                held.subList(1, 6).forEach(call -> charge(call, threads, ended));
                List<Reservation> refused = new ArrayList<>();
                for (int i = 0; i < 3; i++) {
                    Map.Entry<Reservation, Object> outcome = ended.take();
                    assertThat(outcome.getValue()).isInstanceOfSatisfying(NotCharged.class, busy -> {
                        assertThat(busy.status()).isEqualTo(503);
                        assertThat(busy.code()).isEqualTo("overloaded");
                        assertThat(busy.retryAfter()).hasValue(Duration.ofSeconds(1));
                    });
                    refused.add(outcome.getKey());
                }
                assertThat(narrow.left()).as("nothing is charged yet").isEqualTo(FUNDS);
                assertThat(held.getFirst().lease().free()).as("and what the refused held is free again")
                        .isEqualTo(Amount.ofNanos(100 - 30));
                assertThatThrownBy(() -> refused.getFirst().charge(Calls.consumed(0, 0), null))
                        .isInstanceOf(IllegalStateException.class);
                goesOn.countDown();
                Set<Reservation> charged = new HashSet<>();
                for (int i = 0; i < 3; i++) {
                    Map.Entry<Reservation, Object> outcome = ended.take();
                    assertThat(outcome.getValue()).isEqualTo(new Charged(outcome.getKey().receipt(), Calls.PER_CALL));
                    charged.add(outcome.getKey());
                }
                assertThat(charged).hasSize(3).doesNotContainAnyElementsOf(refused);
                assertThat(receipts(narrow))
                        .containsExactlyInAnyOrderElementsOf(charged.stream().map(Reservation::receipt).toList());
                assertThat(narrow.left()).isEqualTo(FUNDS - 30);
                for (int i = 0; i < 3; i++) {
                    assertThat(Calls.charged(narrow.reserve(limited)).amount()).as("tried again").isEqualTo(Calls.PER_CALL);
                }
                assertThatThrownBy(() -> narrow.reserve(limited)).as("the key has spent its 60 nanos, and no more")
                        .isInstanceOf(KeyLimitReached.class);
                assertThat(narrow.left()).isEqualTo(FUNDS - 60);
            } finally {
                goesOn.countDown();
            }
        }
    }

    @Test
    void aCallIsChargedByTheOfferOfItsReservationThoughAnotherIsInForceByThen() {
        VersionId version = Calls.LISTING.version();
        Offer dearer = new Offer(new OfferId(2), version, calls.clock.instant().plus(Duration.ofMinutes(1)),
                new Price(3_000_000, 6_000_000, 30, 0));
        try (Reservation before = calls.metering.reserveGeneration(caller, Calls.LISTING, 5, 20, 100)) {
            calls.clock.advance(Duration.ofMinutes(2));
            try (Reservation after = calls.metering.reserveGeneration(caller, Calls.listing(dearer), 5, 20, 100)) {
                assertThat(after.charge(Calls.consumed(5, 7), null).amount()).isEqualTo(Amount.ofNanos(3 * (5 + 14 + 10)));
            }
            Charged charged = before.charge(Calls.consumed(5, 7), null);
            assertThat(charged.amount()).isEqualTo(Amount.ofNanos(5 + 14 + 10));
            UsageLog.Full logged = new UsageLog(calls.source).find(charged.receipt()).orElseThrow();
            assertThat(logged.body().chargedAt()).isAfter(dearer.validFrom());
            assertThat(logged.body().offer()).isEqualTo(Calls.LISTING.offer().id().value());
            assertThat(logged.receipt().charge()).isEqualTo(charged.amount());
        }
        assertThat(calls.left()).isEqualTo(FUNDS - 4 * (5 + 14 + 10));
    }

    @Test
    void aStalledInstanceWhoseLeaseWasRecoveredChargesNothing() {
        Reservation before = calls.reserve(caller);
        calls.unseenFor(Duration.ofSeconds(20));
        Metering other = calls.instance(calls.source, Calls.Settings.USUAL);
        assertThat(calls.balance(Account.line(calls.line))).as("recovered").isEqualTo(FUNDS);
        assertThatThrownBy(() -> Calls.charged(before)).isInstanceOf(NotCharged.class)
                .hasMessageContaining("paused for too long");
        assertThat(calls.left()).isEqualTo(FUNDS);
        assertThat(Calls.charged(calls.reserve(caller)).amount()).as("on a new lease").isEqualTo(Calls.PER_CALL);
        other.stop(new ShutdownEvent());
    }

    @Test
    void aChargeDuringTheStopIsMadeOrRefusedAndNeverForgotten() throws Exception {
        Reservation late = calls.reserve(caller);
        List<Callable<Object>> all = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            Reservation call = calls.reserve(caller);
            all.add(() -> Calls.charged(call));
        }
        all.add(100, () -> {
            calls.metering.stop(new ShutdownEvent());
            return "stopped";
        });
        long charged = Outcomes.of(all).stream().filter(Charged.class::isInstance).count();
        assertThatThrownBy(() -> Calls.charged(late)).isInstanceOf(NotCharged.class);
        assertThat(calls.left()).isEqualTo(FUNDS - 10 * charged);
    }

    @Test
    void manyAtOnceOnASmallChunkAreAllServedWhileTheLineHasMoney() throws Exception {
        List<Callable<Object>> all = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            all.add(() -> Calls.charged(calls.metering.reserve(caller, Calls.LISTING, 15, 1)));
        }
        assertThat(Outcomes.of(all)).allMatch(Charged.class::isInstance);
        assertThat(calls.left()).isEqualTo(FUNDS - 4000);
    }

    @Test
    void aFailedTransactionLeavesItsConnectionAsItWas() throws SQLException {
        try (Connection only = calls.source.getConnection()) {
            Database database = new Database(single(only));
            assertThatThrownBy(() -> database.inTransaction(connection -> {
                throw new IllegalStateException("the work failed");
            })).hasMessage("the work failed");
            assertThatThrownBy(() -> database.inTransaction(connection -> connection.createStatement().execute("select 1/0")))
                    .isInstanceOf(Database.Failed.class);
            assertThat(only.getAutoCommit()).isTrue();
            assertThat(only.getNetworkTimeout()).isZero();
        }
    }

    private boolean durable(Charged charged) {
        return calls.number("select count(*) from usage where receipt = '" + charged.receipt().value() + "'") == 1;
    }

    private static void charge(Reservation call, Executor threads, Queue<Map.Entry<Reservation, Object>> ended) {
        threads.execute(() -> {
            Object outcome;
            try {
                outcome = Calls.charged(call);
            } catch (RuntimeException e) {
                outcome = e;
            }
            ended.add(Map.entry(call, outcome));
        });
    }

    private static void awaitDone(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<ReceiptId> receipts(Calls of) {
        return of.database.read(connection -> {
            List<ReceiptId> receipts = new ArrayList<>();
            try (var rows = connection.createStatement()
                    .executeQuery("select receipt from usage where line = " + of.line.value())) {
                while (rows.next()) {
                    receipts.add(new ReceiptId(rows.getObject(1, UUID.class)));
                }
            }
            return receipts;
        });
    }

    private static DataSource single(Connection connection) {
        return (DataSource) Proxy.newProxyInstance(ChargesTest.class.getClassLoader(),
                new Class<?>[] { DataSource.class }, (self, method, arguments) -> Proxy
                        .newProxyInstance(ChargesTest.class.getClassLoader(), new Class<?>[] { Connection.class },
                                (inner, m, a) -> m.getName().equals("close") ? null : m.invoke(connection, a)));
    }
}
