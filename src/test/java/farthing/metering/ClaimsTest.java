package farthing.metering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import farthing.identity.Caller;
import farthing.identity.KeyLimits;
import farthing.identity.ReplayKeys;
import farthing.metering.FaultyDatabase.Fault;
import io.quarkus.runtime.ShutdownEvent;

/** One charge for one Idempotency-Key. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ClaimsTest {

    private static final byte[] REQUEST = Calls.bytes("a request");
    private static final byte[] ANSWER = Calls.bytes("an answer");

    private Calls calls;
    private Caller caller;

    @BeforeEach
    void aFundedLine() throws SQLException {
        calls = new Calls(1000, new Calls.Settings(Duration.ofMillis(700), 100));
        caller = calls.caller();
    }

    @AfterEach
    void theBooksAreRight() throws SQLException {
        calls.close();
    }

    @Test
    void ofManyAtOnceOneRuns() throws Exception {
        Callable<Object> claim = () -> calls.metering.claim(caller, "key", REQUEST);
        var outcomes = Outcomes.of(IntStream.range(0, 100).mapToObj(i -> claim).toList());
        assertThat(outcomes).filteredOn(Claim.Fresh.class::isInstance).hasSize(1);
        assertThat(outcomes).filteredOn(CallUnderWay.class::isInstance).hasSize(99);
    }

    @Test
    void theFirstAnswerIsGivenAgain() {
        Charged charged = charge(fresh("key"), ANSWER);
        assertThat(calls.metering.claim(caller, "key", REQUEST)).isInstanceOfSatisfying(Claim.Answered.class, again -> {
            assertThat(again.charged()).isEqualTo(charged);
            assertThat(again.contentType()).isEqualTo("text/plain");
            assertThat(again.answer()).isEqualTo(ANSWER);
        });
        assertThat(calls.left()).isEqualTo(990);
    }

    @Test
    void anotherRequestIsRefused() {
        try (Claim.Fresh claim = fresh("key")) {
            assertThatThrownBy(() -> calls.metering.claim(caller, "key", Calls.bytes("another")))
                    .isInstanceOf(IdempotencyMismatch.class);
            charge(claim, ANSWER);
        }
        assertThatThrownBy(() -> calls.metering.claim(caller, "key", Calls.bytes("another")))
                .isInstanceOf(IdempotencyMismatch.class);
    }

    @Test
    void isFreeAgainAfterACallThatFailed() {
        fresh("key").close();
        assertThat(calls.metering.claim(caller, "key", Calls.bytes("another"))).isInstanceOf(Claim.Fresh.class);
    }

    @Test
    void isFreeAgainEvenIfTheDatabaseWasAwayWhenTheCallFailed() {
        Claim.Fresh claim = fresh("key");
        calls.faulty.down();
        claim.close();
        calls.faulty.heal();
        calls.metering.tidy();
        assertThat(calls.metering.claim(caller, "key", REQUEST)).isInstanceOf(Claim.Fresh.class);
    }

    @ParameterizedTest
    @ValueSource(longs = { 2, 25 * 60 })
    void aCallThatRunsForLongKeepsItsClaim(long minutes) {
        Claim.Fresh claim = fresh("key");
        calls.clock.advance(Duration.ofMinutes(minutes));
        assertThatThrownBy(() -> fresh("key")).isInstanceOf(CallUnderWay.class);
        calls.metering.tidy();
        assertThatThrownBy(() -> fresh("key")).isInstanceOf(CallUnderWay.class);
        charge(claim, ANSWER);
    }

    @Test
    void onlyTheSecretOpensTheAnswer() {
        charge(fresh("key"), ANSWER);
        Caller thief = new Caller(caller.key(), caller.account(), caller.line(), KeyLimits.NONE, ReplayKeys.of("a guess"));
        assertThatThrownBy(() -> calls.metering.claim(thief, "key", REQUEST)).isInstanceOf(AnswerSealed.class);
        byte[] kept = calls.database.read(connection -> {
            try (var row = connection.createStatement()
                    .executeQuery("select answer from replay where api_key = " + caller.key().value())) {
                row.next();
                return Objects.requireNonNull(row.getBytes(1));
            }
        });
        assertThat(new AnswerCipher(caller.replayKey()).decrypt(kept)).isEqualTo(ANSWER);
        assertThatThrownBy(() -> new AnswerCipher(thief.replayKey()).decrypt(kept)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void anAnswerTooLargeToKeepIsNamedByItsReceipt() {
        Charged charged = charge(fresh("key"), new byte[(1 << 20) + 1]);
        assertThatThrownBy(() -> calls.metering.claim(caller, "key", REQUEST)).isInstanceOf(AnswerNotKept.class)
                .hasMessageContaining(charged.receipt().toString());
    }

    @Test
    void anAnswerIsForgottenAfterADay() {
        charge(fresh("key"), ANSWER);
        calls.clock.advance(Duration.ofHours(25));
        calls.metering.tidy();
        assertThat(calls.number("select count(*) from replay where api_key = " + caller.key().value())).isZero();
    }

    @Test
    void theFirstAnswerIsGivenAgainUntilTheDayIsOver() {
        Charged charged = charge(fresh("key"), ANSWER);
        calls.clock.advance(Duration.ofHours(23).plusMinutes(59));
        for (int i = 0; i < 2; i++) {
            assertThat(calls.metering.claim(caller, "key", REQUEST)).isInstanceOfSatisfying(Claim.Answered.class, again -> {
                assertThat(again.charged()).isEqualTo(charged);
                assertThat(again.answer()).isEqualTo(ANSWER);
            });
            assertThatThrownBy(() -> calls.metering.claim(caller, "key", Calls.bytes("another")))
                    .isInstanceOf(IdempotencyMismatch.class);
            // The second time after a tidy, which must not forget it either.
            calls.metering.tidy();
        }
        calls.clock.advance(Duration.ofMinutes(1));
        assertThat(calls.metering.claim(caller, "key", REQUEST)).as("24 hours to the dot").isInstanceOf(Claim.Answered.class);
        assertThat(calls.left()).isEqualTo(990);
    }

    @Test
    void isFreeAgainAfterADayThoughNobodyTidied() {
        byte[] another = Calls.bytes("another");
        Charged first = charge(fresh("key"), ANSWER);
        calls.clock.advance(Duration.ofHours(24).plusMillis(1));
        Claim.Fresh claim = (Claim.Fresh) calls.metering.claim(caller, "key", another);
        assertThatThrownBy(() -> calls.metering.claim(caller, "key", another)).isInstanceOf(CallUnderWay.class);
        assertThatThrownBy(() -> fresh("key")).as("the old answer is gone").isInstanceOf(IdempotencyMismatch.class);
        Charged second = charge(claim, Calls.bytes("a second answer"));
        assertThat(second.receipt()).isNotEqualTo(first.receipt());
        assertThat(calls.metering.claim(caller, "key", another)).isInstanceOfSatisfying(Claim.Answered.class, again -> {
            assertThat(again.charged()).isEqualTo(second);
            assertThat(again.answer()).isEqualTo(Calls.bytes("a second answer"));
        });
        assertThatThrownBy(() -> fresh("key")).isInstanceOf(IdempotencyMismatch.class);
        assertThat(calls.left()).isEqualTo(980);
    }

    @Test
    void aDayIsCountedAnewFromTheSecondClaim() {
        charge(fresh("key"), ANSWER);
        calls.clock.advance(Duration.ofHours(25));
        Charged second = charge(fresh("key"), ANSWER);
        calls.clock.advance(Duration.ofHours(23));
        calls.metering.tidy();
        assertThat(((Claim.Answered) calls.metering.claim(caller, "key", REQUEST)).charged()).isEqualTo(second);
    }

    @Test
    void aStalledInstanceDoesNotChargeWhatAnotherHasTakenOver() {
        Claim.Fresh stalled = fresh("key");
        calls.unseenFor(Duration.ofSeconds(20));
        Metering other = calls.instance(calls.source, Calls.Settings.USUAL);
        Charged second;
        try (Claim.Fresh taken = (Claim.Fresh) other.claim(caller, "key", REQUEST);
                Reservation call = other.reserve(caller, Calls.LISTING, 0, 1)) {
            second = call.charge(Calls.consumed(0, 0), taken.replay("text/plain", ANSWER));
        }
        // It wakes, takes a lease as anybody may, and finds its claim gone.
        assertThatThrownBy(() -> charge(stalled, ANSWER)).isInstanceOf(NotCharged.class);
        assertThat(((Claim.Answered) calls.metering.claim(caller, "key", REQUEST)).charged()).isEqualTo(second);
        assertThat(calls.left()).isEqualTo(990);
        other.stop(new ShutdownEvent());
    }

    @Test
    void afterAnUnknownOutcomeARetryGetsTheAnswerThatWasPaidFor() {
        ofUnknownOutcome(ANSWER);
        assertThat(((Claim.Answered) calls.metering.claim(caller, "key", REQUEST)).answer()).isEqualTo(ANSWER);
        assertThat(calls.left()).isEqualTo(990);
    }

    @Test
    void anAnswerOfUnknownOutcomeThatIsTooLargeToKeepIsNotPaidFor() {
        ofUnknownOutcome(new byte[(1 << 20) + 1]);
        assertThat(calls.left()).isEqualTo(1000);
        // The key stands for nothing now.
        charge(fresh("key"), ANSWER);
        assertThat(calls.left()).isEqualTo(990);
    }

    /** Durable, though nobody was told, and the database away for a while. */
    private void ofUnknownOutcome(byte[] answer) {
        Claim.Fresh claim = fresh("key");
        Reservation call = calls.reserve(caller);
        calls.faulty.nextCommits(Fault.CONFIRMATION_LOST_THEN_DOWN);
        try (claim; call) {
            assertThatThrownBy(() -> call.charge(Calls.consumed(0, 0), claim.replay("text/plain", answer)))
                    .isInstanceOf(NotCharged.class);
        }
        calls.faulty.heal();
        calls.metering.tidy();
    }

    private Claim.Fresh fresh(String key) {
        return (Claim.Fresh) calls.metering.claim(caller, key, REQUEST);
    }

    private Charged charge(Claim.Fresh claim, byte[] answer) {
        try (claim; Reservation call = calls.reserve(caller)) {
            return call.charge(Calls.consumed(0, 0), claim.replay("text/plain", answer));
        }
    }
}
