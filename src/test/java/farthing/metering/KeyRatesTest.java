package farthing.metering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

import javax.sql.DataSource;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import farthing.TestDatabase;
import farthing.identity.AccountId;
import farthing.identity.ApiKeyId;
import farthing.identity.Caller;
import farthing.identity.KeyLimits;
import farthing.identity.RateLimits;
import farthing.identity.ReplayKeys;
import farthing.ledger.LineId;
import io.github.bucket4j.TimeMeter;
import io.quarkus.runtime.ShutdownEvent;

/** What a key may ask for at a time, on one server and on two. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class KeyRatesTest {

    private final DataSource source = TestDatabase.separate("metering");
    private final FaultyDatabase faulty = new FaultyDatabase(source);
    private final AtomicLong now = new AtomicLong(ThreadLocalRandom.current().nextLong());
    private final Map<String, String> headers = new HashMap<>();
    private final KeyRates here = server();
    private final KeyRates there = server();

    @Test
    void aKeyWithoutLimitsCostsNothing() {
        faulty.down();
        Caller caller = caller(RateLimits.NONE);
        for (int i = 0; i < 3; i++) {
            try (Passage passage = here.of(caller, headers::put)) {
                passage.request();
                passage.stream();
                passage.tokens(1_000_000_000);
                passage.took(2_000_000_000);
            }
        }
        assertThat(headers).isEmpty();
        assertThat(here.of(caller, headers::put)).isSameAs(Passage.FREE);
    }

    @Test
    void soManyRequestsAMinute() {
        Caller caller = caller(new RateLimits(5, null, null));
        for (int left = 4; left >= 0; left--) {
            request(here, caller);
            assertThat(headers).containsEntry("x-ratelimit-limit-requests", "5")
                    .containsEntry("x-ratelimit-remaining-requests", Integer.toString(left))
                    .containsEntry("x-ratelimit-reset-requests", (5 - left) * 12 == 60 ? "1m0s" : (5 - left) * 12 + "s")
                    .doesNotContainKey("x-ratelimit-limit-tokens");
        }
        assertThatThrownBy(() -> request(here, caller)).isInstanceOfSatisfying(RateLimitReached.class, refused -> {
            assertThat(refused.status()).isEqualTo(429);
            assertThat(refused.code()).isEqualTo("rate_limit_exceeded");
            assertThat(refused.retryAfter()).hasValue(Duration.ofSeconds(12));
            assertThat(refused.detail()).contains("5 requests a minute").contains("in 12 seconds").contains("/keys");
        });
        assertThat(headers).containsEntry("x-ratelimit-remaining-requests", "0");
        pass(Duration.ofSeconds(12));
        request(here, caller);
        assertThatThrownBy(() -> request(here, caller)).isInstanceOf(RateLimitReached.class);
        pass(Duration.ofMinutes(2));
        assertThat(served(here, caller, 20)).as("no more than a minute's worth after a pause").isEqualTo(5);
    }

    @Test
    void tokensAreHeldBeforeAndPutRightAfter() {
        Caller caller = caller(new RateLimits(null, 1000, null));
        try (Passage first = here.of(caller, headers::put)) {
            first.tokens(800);
            assertThat(headers).containsEntry("x-ratelimit-limit-tokens", "1000")
                    .containsEntry("x-ratelimit-remaining-tokens", "200").containsEntry("x-ratelimit-reset-tokens", "48s");
            try (Passage second = here.of(caller, headers::put)) {
                assertThatThrownBy(() -> second.tokens(300)).isInstanceOfSatisfying(RateLimitReached.class, refused -> {
                    assertThat(refused.detail()).contains("300 tokens").contains("200 are left");
                    assertThat(refused.retryAfter()).hasValue(Duration.ofSeconds(6));
                });
            }
            first.took(100);
        }
        try (Passage third = here.of(caller, headers::put)) {
            third.tokens(900);
        }
        try (Passage fourth = here.of(caller, headers::put)) {
            // The third failed, so all of it is back.
            fourth.tokens(900);
        }
    }

    @Test
    void whatIsNotKnownBeforeIsCountedAfter() {
        Caller caller = caller(new RateLimits(null, 1000, null));
        try (Passage first = here.of(caller, headers::put)) {
            first.tokens(10);
            first.took(1500);
        }
        try (Passage second = here.of(caller, headers::put)) {
            assertThatThrownBy(() -> second.tokens(10)).isInstanceOfSatisfying(RateLimitReached.class,
                    refused -> assertThat(refused.retryAfter()).hasValue(Duration.ofSeconds(31)));
            assertThat(headers).containsEntry("x-ratelimit-remaining-tokens", "0")
                    .containsEntry("x-ratelimit-reset-tokens", "1m30s");
            pass(Duration.ofSeconds(31));
            second.tokens(10);
        }
    }

    @Test
    void aCallLargerThanAMinuteIsToldThatWaitingDoesNotHelp() {
        try (Passage call = here.of(caller(new RateLimits(null, 1000, null)), headers::put)) {
            assertThatThrownBy(() -> call.tokens(1001)).isInstanceOfSatisfying(RateLimitReached.class, refused -> {
                assertThat(refused.retryAfter()).isEmpty();
                assertThat(refused.detail()).contains("lower max_tokens");
            });
        }
    }

    @Test
    void soManyStreamsAtOnceHoweverTheyEnd() {
        Caller caller = caller(new RateLimits(null, null, 2));
        Passage first = streaming(here, caller);
        Passage second = streaming(here, caller);
        assertThatThrownBy(() -> streaming(here, caller)).isInstanceOfSatisfying(RateLimitReached.class,
                refused -> assertThat(refused.detail()).contains("2 streams open at once"));
        first.close();
        first.close();
        pass(Duration.ofSeconds(1));
        Passage third = streaming(here, caller);
        assertThatThrownBy(() -> streaming(here, caller)).isInstanceOf(RateLimitReached.class);
        second.close();
        third.close();
        assertThat(headers).isEmpty();
    }

    @Test
    void twoServersServeTogetherWhatIsAllowedAndNotOneMore() throws Exception {
        Caller caller = caller(new RateLimits(40, 400, null));
        List<Callable<Object>> calls = IntStream.range(0, 300).<Callable<Object>> mapToObj(i -> () -> {
            try (Passage passage = (i % 2 == 0 ? here : there).of(caller, (name, value) -> {
            })) {
                passage.request();
                passage.tokens(10);
                passage.took(10);
                return "served";
            }
        }).toList();
        long served = Outcomes.of(calls).stream().filter("served"::equals).count();
        assertThat(served).isBetween(1L, 40L);
        // What one had set aside and did not use the other gets when it has heard of it.
        for (int i = 0; i < 10; i++) {
            served += served(here, caller, 50, 10) + served(there, caller, 50, 10);
            here.tell();
            there.tell();
        }
        // A request that got no tokens is a request: so there may be fewer, never more.
        assertThat(served).isBetween(35L, 40L);
    }

    @Test
    void requestsAloneAreServedToTheLastOne() throws Exception {
        Caller caller = caller(new RateLimits(25, null, null));
        int served = 0;
        for (int i = 0; i < 6; i++) {
            served += served(here, caller, 7) + served(there, caller, 7);
            here.tell();
            there.tell();
        }
        assertThat(served).isEqualTo(25);
        pass(Duration.ofSeconds(12));
        here.tell();
        there.tell();
        assertThat(served(there, caller, 50) + served(here, caller, 50)).isLessThanOrEqualTo(5);
    }

    @Test
    void oneStreamIsOneWhicheverServerHasIt() throws Exception {
        Caller caller = caller(new RateLimits(null, null, 1));
        List<Callable<Object>> calls = IntStream.range(0, 60)
                .<Callable<Object>> mapToObj(i -> () -> streaming(i % 2 == 0 ? here : there, caller)).toList();
        List<Object> open = Outcomes.of(calls).stream().filter(Passage.class::isInstance).toList();
        assertThat(open).hasSize(1);
        ((Passage) open.getFirst()).close();
        here.tell();
        there.tell();
        pass(Duration.ofSeconds(1));
        Passage elsewhere = streaming(there, caller);
        assertThatThrownBy(() -> streaming(here, caller)).isInstanceOf(RateLimitReached.class);
        elsewhere.close();
    }

    @Test
    void aServerThatComesLaterKnowsWhatIsLeft() {
        Caller caller = caller(new RateLimits(10, null, null));
        assertThat(served(here, caller, 8)).isEqualTo(8);
        here.tell();
        assertThat(served(there, caller, 10)).isLessThanOrEqualTo(2);
        assertThat(served(server(), caller, 10)).isLessThanOrEqualTo(2);
    }

    @Test
    void aServerThatComesAfterOneThatStoppedHasAllThatIsLeftAtOnce() {
        Caller caller = caller(new RateLimits(10, null, 2));
        assertThat(served(here, caller, 3)).isEqualTo(3);
        streaming(here, caller);
        here.stop(new ShutdownEvent());
        assertThat(served(there, caller, 10)).isEqualTo(7);
        streaming(there, caller);
        streaming(there, caller);
    }

    @Test
    void theStreamsOfADeadServerEnd() {
        Caller caller = caller(new RateLimits(null, null, 1));
        streaming(here, caller);
        assertThatThrownBy(() -> streaming(there, caller)).isInstanceOf(RateLimitReached.class);
        age(caller, "11 seconds");
        pass(Duration.ofSeconds(1));
        streaming(there, caller).close();
    }

    @Test
    void aCallThatHeldForLongDoesNotMakeMoreThanThereIs() {
        Caller caller = caller(new RateLimits(null, 1000, null));
        try (Passage held = here.of(caller, headers::put)) {
            held.tokens(1000);
            pass(Duration.ofMinutes(1));
            here.tell();
        }
        assertThat(served(here, caller, 100, 100)).isEqualTo(10);
    }

    @Test
    void aChangedLimitHoldsFromTheNextCallOn() {
        Caller before = caller(new RateLimits(10, null, null));
        assertThat(served(here, before, 20)).isEqualTo(10);
        Caller after = with(before, new RateLimits(20, null, null));
        request(here, with(before, RateLimits.NONE));
        assertThat(served(here, after, 5)).as("raised, and as used up as before").isZero();
        pass(Duration.ofSeconds(30));
        assertThat(served(here, after, 20)).isEqualTo(10);
        pass(Duration.ofMinutes(1));
        assertThat(served(here, with(before, new RateLimits(3, null, null)), 20)).isEqualTo(3);
    }

    @Test
    void fewCallsAskTheDatabase() {
        AtomicLong asked = new AtomicLong();
        KeyRates counted = new KeyRates(counting(asked), time());
        Caller caller = caller(new RateLimits(1_000_000, 1_000_000_000, 1000));
        for (int i = 0; i < 10_000; i++) {
            try (Passage passage = counted.of(caller, headers::put)) {
                passage.request();
                passage.stream();
                passage.tokens(100);
                passage.took(50);
            }
        }
        assertThat(asked.get()).isLessThan(20);
    }

    @Test
    void withoutTheDatabaseOnlyWhatIsSetAsideIsUsed() {
        Caller caller = caller(new RateLimits(100, null, null));
        request(here, caller);
        faulty.down();
        int served = 0;
        try {
            while (served < 100) {
                request(here, caller);
                served++;
            }
        } catch (RatesUnavailable refused) {
            assertThat(refused.status()).isEqualTo(503);
        }
        assertThat(served).isBetween(10, 60);
        assertThatThrownBy(() -> request(here, caller(new RateLimits(5, null, null)))).isInstanceOf(RatesUnavailable.class);
        faulty.heal();
        pass(Duration.ofSeconds(1));
        request(here, caller);
    }

    @Test
    void anAccountLongUnheardBeginsAgainAndTakesNothingFromOthers() {
        Caller caller = caller(new RateLimits(60, null, null));
        assertThat(served(here, caller, 40)).isEqualTo(40);
        assertThat(served(there, caller, 5)).isPositive();
        here.tell();
        there.tell();
        pass(Duration.ofMinutes(6));
        age(caller, "6 minutes");
        there.tell();
        here.tell();
        there.tell();
        assertThat(served(there, caller, 100) + served(here, caller, 100)).isBetween(50, 60);
    }

    private KeyRates server() {
        return new KeyRates(faulty.source(), time());
    }

    private TimeMeter time() {
        return new TimeMeter() {

            @Override
            public long currentTimeNanos() {
                return now.get();
            }

            @Override
            public boolean isWallClockBased() {
                return false;
            }
        };
    }

    private DataSource counting(AtomicLong asked) {
        return (DataSource) java.lang.reflect.Proxy.newProxyInstance(DataSource.class.getClassLoader(),
                new Class<?>[] { DataSource.class }, (proxy, method, arguments) -> {
                    asked.incrementAndGet();
                    return method.invoke(source, arguments);
                });
    }

    /** What servers said becomes so much older for the database. */
    private void age(Caller caller, String by) {
        try (var connection = source.getConnection(); var statement = connection.createStatement()) {
            statement.execute("update key_use set at = at - interval '" + by + "' where api_key = " + caller.key().value());
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }

    private Caller caller(RateLimits limits) {
        long key = ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE);
        return new Caller(new ApiKeyId(key), new AccountId(7), new LineId(1), KeyLimits.NONE.with(limits), ReplayKeys.of("s"));
    }

    private static Caller with(Caller caller, RateLimits limits) {
        return new Caller(caller.key(), caller.account(), caller.line(), KeyLimits.NONE.with(limits), caller.replayKey());
    }

    private void request(KeyRates server, Caller caller) {
        try (Passage passage = server.of(caller, headers::put)) {
            passage.request();
        }
    }

    private static Passage streaming(KeyRates server, Caller caller) {
        Passage passage = server.of(caller, (name, value) -> {
        });
        try {
            passage.stream();
            return passage;
        } catch (RateLimitReached refused) {
            passage.close();
            throw refused;
        }
    }

    private int served(KeyRates server, Caller caller, int tries) {
        return served(server, caller, tries, null);
    }

    private int served(KeyRates server, Caller caller, int tries, @Nullable Integer tokens) {
        List<RuntimeException> refused = new ArrayList<>();
        for (int i = 0; i < tries; i++) {
            try (Passage passage = server.of(caller, headers::put)) {
                passage.request();
                if (tokens != null) {
                    passage.tokens(tokens);
                    passage.took(tokens);
                }
            } catch (RateLimitReached e) {
                refused.add(e);
            }
        }
        return tries - refused.size();
    }
}
