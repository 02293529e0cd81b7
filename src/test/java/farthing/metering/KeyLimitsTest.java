package farthing.metering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

import javax.sql.DataSource;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import farthing.identity.Caller;
import farthing.identity.KeyLimits;
import farthing.metering.FaultyDatabase.Fault;
import farthing.money.Amount;
import io.quarkus.runtime.ShutdownEvent;

class KeyLimitsTest {

    private static final Amount ONE = Amount.ofNanos(1);
    private static final Amount TEN = Amount.ofNanos(10);
    private static final Amount FIVE_CALLS = Amount.ofNanos(50);

    private Calls calls;

    @BeforeEach
    void aFundedLine() throws SQLException {
        calls = new Calls(10_000, new Calls.Settings(Duration.ofMillis(300), 100));
    }

    @AfterEach
    void theBooksAreRight() throws SQLException {
        calls.close();
    }

    @Test
    void aTotalIsExactUnderManyAtOnce() throws Exception {
        Caller caller = calls.caller(new KeyLimits(FIVE_CALLS, null));
        assertThat(served(caller, 50)).isEqualTo(5);
        calls.clock.advance(Duration.ofDays(1));
        assertThat(served(caller, 5)).isZero();
    }

    @Test
    void aDailyLimitIsExactAndBeginsAnewAtMidnight() throws Exception {
        Caller caller = calls.caller(new KeyLimits(null, FIVE_CALLS));
        assertThat(served(caller, 50)).isEqualTo(5);
        calls.clock.advance(Duration.ofDays(1));
        assertThat(served(caller, 50)).isEqualTo(5);
    }

    @Test
    void aCallOverMidnightCountsForTheDayOfItsCharge() throws Exception {
        Caller caller = calls.caller(new KeyLimits(null, FIVE_CALLS));
        Reservation before = calls.reserve(caller);
        calls.clock.advance(Duration.ofDays(1));
        assertThat(served(caller, 3)).isEqualTo(3);
        Calls.charged(before);
        assertThat(served(caller, 50)).isEqualTo(1);
    }

    @Test
    void anotherInstanceContinuesWhereTheLastEnded() throws Exception {
        Caller caller = calls.caller(new KeyLimits(FIVE_CALLS, null));
        assertThat(served(caller, 3)).isEqualTo(3);
        Metering next = calls.instance(calls.source, Calls.Settings.USUAL);
        Calls.charged(next.reserve(caller, Calls.LISTING, 0, 1));
        Calls.charged(next.reserve(caller, Calls.LISTING, 0, 1));
        assertThatThrownBy(() -> next.reserve(caller, Calls.LISTING, 0, 1)).isInstanceOf(KeyLimitReached.class);
        next.stop(new ShutdownEvent());
    }

    @Test
    void aTotalIsExactOverTwoInstancesThatServeAtOnce() throws Exception {
        Metering other = calls.instance(calls.source, Calls.Settings.USUAL);
        calls.metering.beat();
        for (int round = 0; round < 3; round++) {
            Caller caller = calls.caller(new KeyLimits(Amount.ofNanos(205), null));
            List<Callable<Object>> all = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                Metering metering = i % 2 == 0 ? calls.metering : other;
                all.add(() -> Calls.charged(metering.reserve(caller, Calls.LISTING, 0, 1)));
            }
            List<Object> outcomes = Outcomes.of(all);
            assertThat(outcomes).filteredOn(Charged.class::isInstance).hasSize(20);
            assertThat(outcomes).filteredOn(KeyLimitReached.class::isInstance).hasSize(40);
        }
        other.stop(new ShutdownEvent());
    }

    @Test
    void aLimitThatIsLoweredHoldsForTheNextCall() throws Exception {
        Caller caller = calls.caller(new KeyLimits(FIVE_CALLS, null));
        assertThat(served(caller, 2)).isEqualTo(2);
        Caller lowered = new Caller(caller.key(), caller.account(), caller.line(), new KeyLimits(Amount.ofNanos(30), null),
                caller.replayKey());
        assertThat(served(lowered, 5)).isEqualTo(1);
        assertThat(served(caller, 5)).as("raised again").isEqualTo(2);
    }

    @Test
    void whatADeadInstanceHeldOfALimitComesBack() throws Exception {
        Caller caller = calls.caller(new KeyLimits(FIVE_CALLS, null));
        Metering dead = calls.instance(calls.source, Calls.Settings.USUAL);
        Calls.charged(dead.reserve(caller, Calls.LISTING, 0, 1));
        Reservation stalled = dead.reserve(caller, Calls.LISTING, 0, 1);
        calls.unseenFor(Duration.ofSeconds(20));
        calls.metering.tidy();
        assertThat(served(caller, 10)).isEqualTo(4);
        assertThatThrownBy(() -> Calls.charged(stalled)).isInstanceOf(NotCharged.class);
        dead.stop(new ShutdownEvent());
    }

    @Test
    void aChargeOfUnknownOutcomeCountsUntilItIsKnown() throws Exception {
        Caller caller = calls.caller(new KeyLimits(FIVE_CALLS, FIVE_CALLS));
        assertThat(served(caller, 4)).isEqualTo(4);
        calls.faulty.nextCommits(Fault.CONFIRMATION_LOST_THEN_DOWN);
        assertThatThrownBy(() -> Calls.charged(calls.reserve(caller))).isInstanceOf(NotCharged.class);
        calls.faulty.heal();
        assertThat(served(caller, 1)).as("nobody knows").isZero();
        calls.metering.tidy();
        assertThat(served(caller, 5)).as("it was given back").isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(names = { "CONFIRMATION_LOST", "COMMIT_LOST" })
    void aTotalIsExactThoughGrantsWereNotConfirmed(Fault fault) throws Exception {
        KeyBudgets keys = keys(calls.faulty.source());
        Caller caller = calls.caller(new KeyLimits(FIVE_CALLS, null));
        calls.faulty.always(writer -> fault);
        assertThatThrownBy(() -> keys.hold(caller, TEN, TEN)).isInstanceOf(Database.OutcomeUnknown.class);
        calls.faulty.heal();
        assertThat(heldOf(keys, caller, FIVE_CALLS)).isEqualTo(FIVE_CALLS);
        assertThatThrownBy(() -> heldOf(keys, caller, ONE)).isInstanceOf(KeyLimitReached.class);
        keys.returnAll();
    }

    @ParameterizedTest
    @EnumSource(names = { "CONFIRMATION_LOST", "COMMIT_LOST" })
    void aTotalIsExactThoughGrowthWasNotConfirmed(Fault fault) throws Exception {
        // The other instance lives, so not all of the limit is granted at once.
        KeyBudgets keys = keys(calls.faulty.source());
        Caller caller = calls.caller(new KeyLimits(FIVE_CALLS, null));
        assertThat(heldOf(keys, caller, TEN)).isEqualTo(TEN);
        calls.faulty.always(writer -> fault);
        assertThatThrownBy(() -> heldOf(keys, caller, Amount.ofNanos(30))).isInstanceOf(Database.OutcomeUnknown.class);
        calls.faulty.heal();
        assertThat(heldOf(keys, caller, Amount.ofNanos(40))).isEqualTo(Amount.ofNanos(40));
        assertThatThrownBy(() -> heldOf(keys, caller, ONE)).isInstanceOf(KeyLimitReached.class);
        keys.returnAll();
    }

    @ParameterizedTest
    @EnumSource(names = { "CONFIRMATION_LOST", "COMMIT_LOST" })
    void anotherInstanceGetsWhatWasGivenBackWithoutAConfirmation(Fault fault) throws Exception {
        KeyBudgets rich = keys(calls.faulty.source());
        Caller caller = calls.caller(new KeyLimits(FIVE_CALLS, null));
        Hold<KeyLease> ten = Objects.requireNonNull(rich.hold(caller, FIVE_CALLS, FIVE_CALLS)).shrunkTo(TEN);
        KeyBudgets poor = keys(calls.source);
        AtomicInteger answers = new AtomicInteger();
        calls.faulty.always(writer -> answers.getAndIncrement() == 0 ? fault : Fault.NONE);
        try (var answering = Executors.newSingleThreadScheduledExecutor()) {
            var _ = answering.scheduleWithFixedDelay(() -> {
                try {
                    rich.answerRecalls();
                } catch (Database.OutcomeUnknown e) {
                    // The next time will do.
                }
            }, 5, 5, TimeUnit.MILLISECONDS);
            assertThat(heldOf(poor, caller, Amount.ofNanos(40))).isEqualTo(Amount.ofNanos(40));
            assertThatThrownBy(() -> heldOf(poor, caller, ONE)).isInstanceOf(KeyLimitReached.class);
        }
        calls.faulty.heal();
        assertThat(ten.of().free()).isEqualTo(Amount.ZERO);
        rich.returnAll();
        poor.returnAll();
    }

    @ParameterizedTest
    @EnumSource(names = { "CONFIRMATION_LOST", "COMMIT_LOST", "REFUSED" })
    void aLoweredLimitHoldsThoughWhatWasHeldBeyondItWasGivenBackWithoutAConfirmation(Fault fault) throws Exception {
        KeyBudgets keys = keys(calls.faulty.source());
        Caller caller = calls.caller(new KeyLimits(FIVE_CALLS, null));
        Objects.requireNonNull(keys.hold(caller, FIVE_CALLS, FIVE_CALLS)).shrunkTo(TEN);
        Caller lowered = new Caller(caller.key(), caller.account(), caller.line(), new KeyLimits(Amount.ofNanos(30), null),
                caller.replayKey());
        calls.faulty.always(writer -> fault);
        assertThatThrownBy(() -> heldOf(keys, lowered, TEN))
                .isInstanceOfAny(Database.OutcomeUnknown.class, Database.Failed.class);
        calls.faulty.heal();
        assertThat(heldOf(keys, lowered, Amount.ofNanos(20))).isEqualTo(Amount.ofNanos(20));
        assertThatThrownBy(() -> heldOf(keys, lowered, ONE)).isInstanceOf(KeyLimitReached.class);
        assertThat(heldOf(keys, caller, Amount.ofNanos(20))).as("raised again").isEqualTo(Amount.ofNanos(20));
        keys.returnAll();
    }

    private KeyBudgets keys(DataSource on) {
        Database database = new Database(on);
        Instances instances = new Instances(database, Duration.ofSeconds(15), Duration.ofSeconds(30),
                ThreadLocalRandom.current().nextLong());
        instances.heartbeat();
        return new KeyBudgets(database, calls.clock, instances);
    }

    private static Amount heldOf(KeyBudgets keys, Caller caller, Amount amount) {
        return Objects.requireNonNull(keys.hold(caller, amount, amount)).amount();
    }

    private long served(Caller caller, int wanted) throws Exception {
        Callable<Object> call = () -> Calls.charged(calls.reserve(caller));
        return Outcomes.of(IntStream.range(0, wanted).mapToObj(i -> call).toList()).stream()
                .filter(Charged.class::isInstance).count();
    }
}
