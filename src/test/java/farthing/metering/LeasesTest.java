package farthing.metering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;

import javax.sql.DataSource;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import farthing.TestClock;
import farthing.TestDatabase;
import farthing.ledger.Account;
import farthing.ledger.Entry;
import farthing.ledger.Ledger;
import farthing.ledger.LineId;
import farthing.money.Amount;

class LeasesTest {

    private static final Amount TEN = Amount.ofNanos(10);

    private final TestClock clock = new TestClock(Instant.parse("2026-11-01T00:00:00Z"));
    private final Ledger ledger = new Ledger();
    private final LineId line = new LineId(ThreadLocalRandom.current().nextInt());
    private final DataSource source = TestDatabase.separate("metering");
    private final Database database = new Database(source);

    @BeforeEach
    void fundTheLine() throws SQLException {
        database.inTransaction(connection -> {
            ledger.open(connection, Account.deposits());
            ledger.open(connection, Account.line(line));
            ledger.post(connection,
                    Entry.transfer("deposit", "d:" + line, clock.instant(), Account.deposits(), Account.line(line),
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
        Hold hold = leases.hold(line, TEN, TEN);
        clock.advance(Duration.ofMinutes(1));
        assertThat(leases.returnIdle(Duration.ofSeconds(30))).as("still held").isZero();
        hold.lease().release(hold.amount());
        clock.advance(Duration.ofMinutes(1));
        assertThat(leases.returnIdle(Duration.ofSeconds(30))).isEqualTo(1);
        assertThat(balance(Account.line(line))).isEqualTo(200);
        assertThat(balance(Account.leased(line))).isZero();
        assertThat(leases.hold(line, TEN, TEN).lease().id()).isNotEqualTo(hold.lease().id());
    }

    @Test
    void aDeadInstancesLeaseIsRecoveredOnce() {
        Leases dead = instance(Amount.ofNanos(50));
        dead.hold(line, TEN, TEN);
        clock.advance(Duration.ofSeconds(20));
        Leases first = instance(TEN);
        Leases second = instance(TEN);
        Instant unseen = clock.instant().minusSeconds(15);
        first.recoverUnseenSince(unseen);
        assertThat(balance(Account.line(line))).isEqualTo(200);
        second.recoverUnseenSince(unseen);
        assertThat(balance(Account.line(line))).isEqualTo(200);
    }

    @Test
    void aLivingInstanceKeepsItsLease() {
        Leases living = instance(Amount.ofNanos(50));
        living.hold(line, TEN, TEN);
        clock.advance(Duration.ofSeconds(20));
        living.heartbeat();
        instance(TEN).recoverUnseenSince(clock.instant().minusSeconds(15));
        assertThat(balance(Account.line(line))).isEqualTo(150);
    }

    @Test
    void anInstanceWhoseLeaseWasRecoveredTakesANewOne() {
        Leases stalled = instance(Amount.ofNanos(50));
        Hold before = stalled.hold(line, TEN, TEN);
        clock.advance(Duration.ofSeconds(20));
        instance(TEN).recoverUnseenSince(clock.instant().minusSeconds(15));
        Hold after = stalled.hold(line, Amount.ofNanos(60), Amount.ofNanos(60));
        assertThat(after.lease().id()).isNotEqualTo(before.lease().id());
        assertThat(before.lease().isOpen()).isFalse();
    }

    @Test
    void aCallIsServedThoughTheIdleLeaseWithTheMoneyIsJustBeingReturned() {
        FaultyDatabase faulty = new FaultyDatabase(source);
        Leases leases = instance(new Database(faulty.source()), Amount.ofNanos(200));
        Hold hold = leases.hold(line, TEN, TEN);
        hold.lease().release(hold.amount());
        clock.advance(Duration.ofMinutes(1));
        // Closed here and not yet in the database, where the line is still empty.
        faulty.down();
        assertThatThrownBy(() -> leases.returnIdle(Duration.ofSeconds(30))).isInstanceOf(Database.Failed.class);
        faulty.heal();
        assertThat(hold.lease().isOpen()).isFalse();
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
                        Hold hold = leases.hold(line, Amount.ofNanos(1), Amount.ofNanos(1));
                        hold.lease().release(hold.amount());
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

    /** Sixty parallel calls of ten nanos, spread over the instances. */
    private int servedOfSixty(List<Leases> instances) throws Exception {
        List<Callable<Boolean>> calls = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            Leases leases = instances.get(i % instances.size());
            calls.add(() -> {
                try {
                    leases.hold(line, TEN, TEN);
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

    private Leases instance(Amount chunk) {
        return instance(database, chunk);
    }

    private Leases instance(Database database, Amount chunk) {
        Leases leases = new Leases(database, ledger, clock, chunk, ThreadLocalRandom.current().nextLong());
        leases.heartbeat();
        return leases;
    }

    private long balance(Account account) {
        return database.read(connection -> ledger.balance(connection, account)).nanos();
    }

}
