package farthing.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import farthing.TestClock;
import farthing.money.Amount;

/** What becomes of a delivery, of a webhook, and of what was told of a budget, as plain objects. */
class DeliveryTest {

    private static final List<Duration> PAUSES = List.of(Duration.ofSeconds(5), Duration.ofMinutes(5), Duration.ofHours(2));
    private static final Duration PATIENCE = Duration.ofDays(5);

    private final TestClock clock = new TestClock(Instant.parse("2026-11-28T12:00:00Z"));
    private final Retries retries = new Retries(PAUSES, new Random(7));

    @Test
    void isTriedAgainWithGrowingPausesAndThenGivenUp() {
        Delivery delivery = Delivery.begun(clock.instant());
        for (Duration pause : PAUSES) {
            delivery = delivery.after(answer(500), clock.instant(), retries);
            assertThat(delivery.state()).isEqualTo(Delivery.State.PENDING);
            assertThat(Duration.between(clock.instant(), delivery.nextAt())).isBetween(pause,
                    pause.multipliedBy(6).dividedBy(5));
            clock.advance(pause.multipliedBy(2));
        }
        delivery = delivery.after(unreachable(), clock.instant(), retries);
        assertThat(delivery).isEqualTo(new Delivery(Delivery.State.FAILED, 4, 4, null));
        Delivery ended = delivery;
        assertThatThrownBy(() -> ended.after(answer(200), clock.instant(), retries)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void thosePausesThatFailedTogetherDoNotEndTogether() {
        Set<Instant> next = new HashSet<>();
        for (int i = 0; i < 50; i++) {
            next.add(Delivery.begun(clock.instant()).after(answer(503), clock.instant(), retries).nextAt());
        }
        assertThat(next).hasSizeGreaterThan(40);
    }

    @Test
    void isNotSentBeforeTheEndpointWantsIt() {
        Delivery begun = Delivery.begun(clock.instant());
        assertThat(begun.after(answer(429, Duration.ofMinutes(10)), clock.instant(), retries).nextAt())
                .isEqualTo(clock.instant().plus(Duration.ofMinutes(10)));
        assertThat(begun.after(answer(429, Duration.ofDays(400)), clock.instant(), retries).nextAt())
                .isEqualTo(clock.instant().plus(Duration.ofHours(12)));
        assertThat(begun.after(answer(429, Duration.ofSeconds(1)), clock.instant(), retries).nextAt())
                .isAfterOrEqualTo(clock.instant().plusSeconds(5));
    }

    @Test
    void thatIsTakenHasEndedAndMayBeSentAgainFromTheBeginning() {
        Delivery taken = Delivery.begun(clock.instant()).after(answer(500), clock.instant(), retries).after(answer(204),
                clock.instant(), retries);
        assertThat(taken).isEqualTo(new Delivery(Delivery.State.DELIVERED, 2, 2, null));
        Delivery again = taken.again(clock.instant());
        assertThat(again).isEqualTo(new Delivery(Delivery.State.PENDING, 2, 0, clock.instant()));
        assertThat(again.after(answer(500), clock.instant(), retries).nextAt())
                .isBetween(clock.instant().plusSeconds(5), clock.instant().plusSeconds(6));
    }

    @Test
    void toAnEndpointThatIsGoneIsGivenUpAtOnceAndTheWebhookSwitchedOff() {
        assertThat(Delivery.begun(clock.instant()).after(answer(410), clock.instant(), retries).state())
                .isEqualTo(Delivery.State.FAILED);
        assertThat(Health.GOOD.after(answer(410), clock.instant(), PATIENCE).state()).isEqualTo(Health.State.GONE);
    }

    @Test
    void aWebhookThatTakesNothingForDaysIsSwitchedOff() {
        Health health = Health.GOOD;
        for (int i = 0; i < 20; i++) {
            health = health.after(answer(500), clock.instant(), PATIENCE);
            assertThat(health.state()).isEqualTo(Health.State.ON);
            clock.advance(Duration.ofHours(6));
        }
        assertThat(health.after(unreachable(), clock.instant(), PATIENCE).state()).isEqualTo(Health.State.FAILED);
        assertThat(health.after(answer(200), clock.instant(), PATIENCE)).isEqualTo(Health.GOOD);
    }

    @Test
    void twoFailuresThatAreDaysApartSayLittle() {
        Health health = Health.GOOD.after(answer(500), clock.instant(), PATIENCE);
        clock.advance(Duration.ofDays(30));
        assertThat(health.after(answer(500), clock.instant(), PATIENCE).state()).isEqualTo(Health.State.ON);
    }

    @Test
    void aBudgetIsToldOnceUntilItWasRaisedAndReachedAgain() {
        Mark mark = Mark.NEW;
        mark = look(mark, 79, 100);
        assertThat(mark.times()).isZero();
        mark = look(mark, 80, 100);
        assertThat(mark.times()).isEqualTo(1);
        mark = look(mark, 99, 100);
        mark = look(mark, 81, 101);
        assertThat(mark.times()).as("raised, and never below").isEqualTo(1);
        mark = look(mark, 81, 200);
        assertThat(mark.times()).isEqualTo(1);
        mark = look(mark, 160, 200);
        assertThat(mark.times()).isEqualTo(2);
        mark = look(mark, 330, 400);
        assertThat(mark.times()).as("raised and reached between two looks").isEqualTo(3);
        mark = look(mark, 330, 380);
        mark = look(mark, 330, 400);
        assertThat(mark.times()).as("lowered and back").isEqualTo(3);
    }

    @Test
    void whatIsReachedBeforeAnybodyListensIsNoNews() {
        Mark mark = Mark.NEW.begun(Amount.ofNanos(90), Amount.ofNanos(100), Amount.ofNanos(80));
        assertThat(look(mark, 95, 100).times()).isZero();
        assertThat(look(look(mark, 95, 200), 170, 200).times()).isEqualTo(1);
        assertThat(look(Mark.NEW.begun(Amount.ofNanos(79), Amount.ofNanos(100), Amount.ofNanos(80)), 80, 100).times())
                .isEqualTo(1);
    }

    @Test
    void aPartOfALimitIsReachedNoNanoTooEarly() {
        assertThat(level(1_000, 80, 0)).isEqualTo(800);
        assertThat(level(1_001, 80, 0)).isEqualTo(801);
        assertThat(level(Long.MAX_VALUE, 80, 0)).isEqualTo(7378697629483820646L);
        assertThat(level(1, 80, 0)).isEqualTo(1);
    }

    @Test
    void allOfALimitIsUsedWhenNoCallFitsAnyMore() {
        assertThat(level(1_000_000, 100, 0)).as("less than a thousandth left").isEqualTo(999_001);
        assertThat(level(1_000_000, 100, 20_000)).as("less than the last call left").isEqualTo(980_001);
        assertThat(level(500, 100, 0)).isEqualTo(500);
        assertThat(level(500, 100, 9_000)).as("never nothing").isEqualTo(1);
        assertThat(look(Mark.NEW, 0, 100).times()).isZero();
    }

    private static Mark look(Mark mark, long used, long limit) {
        return mark.look(Amount.ofNanos(used), Amount.ofNanos(limit), Mark.level(Amount.ofNanos(limit), 80, Amount.ZERO));
    }

    private static long level(long limit, int percent, long lastCharge) {
        return Mark.level(Amount.ofNanos(limit), percent, Amount.ofNanos(lastCharge)).nanos();
    }

    private static Outcome answer(int status) {
        return answer(status, null);
    }

    private static Outcome answer(int status, @Nullable Duration retryAfter) {
        return Outcome.answered(status, "", retryAfter, Duration.ZERO);
    }

    private static Outcome unreachable() {
        return Outcome.unanswered("cannot be reached", Duration.ZERO);
    }
}
