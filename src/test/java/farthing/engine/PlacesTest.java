package farthing.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(20)
class PlacesTest {

    private static final Duration LONG = Duration.ofMinutes(1);

    /** Places given back before the victim has one, of which the flood holds all. */
    @ParameterizedTest
    @ValueSource(ints = { 1, 20, 1_000, 100_000 })
    void aVictimWaitsForOnePlaceHoweverLongTheFloodIs(int flood) {
        Places places = new Places("It", 4, flood + 10, flood + 100, LONG);
        Deque<Places.Stay> flooding = new ArrayDeque<>(ask(places, "flood", 4 + flood));
        for (int call = 0; call < Math.min(50, flood); call++) {
            Places.Stay victim = ask(places, "victim", 1).getFirst();
            assertThat(victim.granted()).isFalse();
            end(flooding.removeFirst());
            assertThat(victim.granted()).isTrue();
            end(victim);
            // What nobody else wants is the flood's again.
            assertThat(flooding.stream().limit(4)).allMatch(Places.Stay::granted);
        }
    }

    @Test
    void ofTwentyFloodsEachIsServedLikeTheOthers() {
        Places places = new Places("It", 2, 1_000, 100_000, LONG);
        Map<String, Deque<Places.Stay>> floods = new LinkedHashMap<>();
        for (int key = 0; key < 20; key++) {
            floods.put("flood " + key, new ArrayDeque<>(ask(places, "flood " + key, 500)));
        }
        Map<String, Integer> served = new HashMap<>();
        Deque<String> running = new ArrayDeque<>(List.of("flood 0", "flood 0"));
        for (int round = 0; round < 2_000; round++) {
            served.merge(endOldest(floods, running), 1, Integer::sum);
        }
        assertThat(served).hasSize(20).allSatisfy((key, calls) -> assertThat(calls).isBetween(99, 102));
        floods.put("victim", new ArrayDeque<>(ask(places, "victim", 1)));
        int others = 0;
        while (!running.contains("victim")) {
            endOldest(floods, running);
            others++;
        }
        // Each of the others has one more at most, and then one has to end.
        assertThat(others).isLessThanOrEqualTo(21);
    }

    /** Ends the call that runs the longest, and notes whose call runs instead. */
    private static String endOldest(Map<String, Deque<Places.Stay>> calls, Deque<String> running) {
        String key = running.removeFirst();
        end(Objects.requireNonNull(calls.get(key)).removeFirst());
        for (Map.Entry<String, Deque<Places.Stay>> other : calls.entrySet()) {
            long granted = other.getValue().stream().limit(3).filter(Places.Stay::granted).count();
            if (granted > running.stream().filter(other.getKey()::equals).count()) {
                running.addLast(other.getKey());
            }
        }
        return key;
    }

    /** Whose calls take four times as long holds no more places for that. */
    @Test
    void placesAreSharedEquallyByThoseWhoWait() {
        Places places = new Places("It", 6, 1_000, 1_000, LONG);
        Map<String, List<Places.Stay>> keys = new LinkedHashMap<>();
        for (String key : List.of("slow", "fast", "as fast")) {
            keys.put(key, ask(places, key, 300));
        }
        Map<Places.Stay, Integer> ticks = new HashMap<>();
        for (int tick = 1; tick < 100; tick++) {
            keys.forEach((key, stays) -> {
                int takes = key.equals("slow") ? 4 : 1;
                for (Places.Stay stay : stays.stream().filter(Places.Stay::granted).toList()) {
                    if (ticks.merge(stay, 1, Integer::sum) == takes) {
                        end(stay);
                        stays.remove(stay);
                    }
                }
            });
            if (tick >= 4) {
                assertThat(keys.values())
                        .allMatch(stays -> stays.stream().filter(Places.Stay::granted).count() == 2);
            }
        }
    }

    @Test
    void oneKeyAloneIsServedInOrderAndFromAllPlaces() {
        Places places = new Places("It", 3, 100, 100, LONG);
        List<Places.Stay> stays = ask(places, "only", 50);
        for (int i = 0; i < 50; i++) {
            for (int j = i; j < 50; j++) {
                assertThat(stays.get(j).granted()).isEqualTo(j < i + 3);
            }
            end(stays.get(i));
        }
        assertThat(places.empty()).isTrue();
    }

    /** Of 32 places two are for keys that hold none. */
    @Test
    void whoHoldsNoneWaitsForNoCallOfTheFlood() {
        Places places = new Places("It", 32, 1_000, 1_000, LONG);
        List<Places.Stay> flood = ask(places, "flood", 100);
        assertThat(flood.stream().filter(Places.Stay::granted)).hasSize(30);
        for (int call = 0; call < 40; call++) {
            List<Places.Stay> victims = ask(places, "victim " + call % 3, 2);
            assertThat(victims).extracting(Places.Stay::granted).containsExactly(true, false);
            end(victims.getFirst());
            // Now it holds none.
            assertThat(victims.getLast().granted()).isTrue();
            end(victims.getLast());
            assertThat(flood.stream().filter(Places.Stay::granted)).hasSize(30);
        }
        List<Places.Stay> holders = ask(places, "one", 1);
        holders.addAll(ask(places, "another", 1));
        holders.addAll(ask(places, "a third", 1));
        assertThat(holders).extracting(Places.Stay::granted).containsExactly(true, true, false);
        end(flood.removeFirst());
        assertThat(holders).allMatch(Places.Stay::granted);
        while (!flood.isEmpty()) {
            assertThat(flood.getFirst().granted()).isTrue();
            end(flood.removeFirst());
        }
        holders.forEach(PlacesTest::end);
        assertThat(places.empty()).isTrue();
    }

    @Test
    void theFloodIsTurnedAwayAndNobodyElse() {
        Places places = new Places("This model", 2, 5, 12, LONG);
        ask(places, "flood", 7);
        assertThatThrownBy(() -> places.stay(OnBehalf.of("flood")).enter()).isInstanceOf(TooManyWaiting.class)
                .hasMessageContaining("This model has 7 calls of this key")
                .satisfies(e -> assertThat(((TooManyWaiting) e).status()).isEqualTo(429))
                .satisfies(e -> assertThat(((TooManyWaiting) e).retryAfter()).isPresent());
        ask(places, "victim", 7);
        assertThat(places.busy()).isEqualTo(14);
        // All is full: who comes puts out a call of a key that has more.
        ask(places, "other", 1);
        assertThatThrownBy(() -> places.stay(OnBehalf.of("victim")).enter()).isInstanceOf(TooManyWaiting.class);
    }

    @Test
    void whoIsPutOutIsToldTheSame() throws Exception {
        Places places = new Places("It", 1, 3, 3, LONG);
        Places.Stay running = ask(places, "flood", 1).getFirst();
        List<CompletableFuture<String>> flood = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            flood.add(inTurn(places, OnBehalf.of("flood")));
            until(places, 2 + i);
        }
        CompletableFuture<String> victim = inTurn(places, OnBehalf.of("victim"));
        assertThat(flood.get(2).handle((_, failure) -> failure).get().getCause()).isInstanceOf(TooManyWaiting.class);
        end(running);
        assertThat(victim.get()).isEqualTo("done");
        assertThat(flood.get(0).get()).isEqualTo("done");
        assertThat(flood.get(1).get()).isEqualTo("done");
        until(places, 0);
    }

    @Test
    void whoLeavesFreesTheSpotAtOnce() throws Exception {
        Places places = new Places("It", 1, 1, 1, LONG);
        Places.Stay running = ask(places, "a", 1).getFirst();
        OnBehalf leaving = OnBehalf.of("b");
        CompletableFuture<String> left = inTurn(places, leaving);
        until(places, 2);
        assertThatThrownBy(() -> places.stay(OnBehalf.of("c")).enter()).isInstanceOf(EngineBusy.class);
        leaving.leave();
        assertThat(left.handle((_, failure) -> failure).get().getCause()).isInstanceOf(CallerLeft.class);
        until(places, 1);
        CompletableFuture<String> next = inTurn(places, OnBehalf.of("c"));
        until(places, 2);
        end(running);
        assertThat(next.get()).isEqualTo("done");
    }

    @Test
    void whoLeftBeforeDoesNotBeginToWait() {
        Places places = new Places("It", 1, 1, 1, LONG);
        Places.Stay running = ask(places, "a", 1).getFirst();
        OnBehalf gone = OnBehalf.of("b");
        gone.leave();
        assertThatThrownBy(() -> places.inTurn(gone, () -> "done")).isInstanceOf(CallerLeft.class);
        end(running);
        assertThat(places.empty()).isTrue();
    }

    @Test
    void whoWaitsInVainIsToldAndLosesNothing() {
        Places places = new Places("This model", 1, 4, 4, Duration.ofMillis(20));
        Places.Stay running = ask(places, "a", 1).getFirst();
        assertThatThrownBy(() -> places.inTurn(OnBehalf.of("b"), () -> "done")).isInstanceOf(EngineBusy.class)
                .hasMessageStartingWith("This model has as many calls");
        assertThat(places.busy()).isEqualTo(1);
        end(running);
        assertThat(places.inTurn(OnBehalf.of("b"), () -> "done")).isEqualTo("done");
        assertThat(places.empty()).isTrue();
    }

    @Test
    void workThatFailsGivesItsPlaceBack() {
        Places places = new Places("It", 1, 1, 1, LONG);
        assertThatThrownBy(() -> places.inTurn(OnBehalf.itself(), () -> {
            throw new IllegalStateException("broken");
        })).hasMessage("broken");
        assertThat(places.inTurn(OnBehalf.itself(), () -> "done")).isEqualTo("done");
    }

    @ParameterizedTest
    @ValueSource(ints = { 3, 40 })
    void noPlaceIsLostOrGivenTwiceAmongManyThreads(int atOnce) throws Exception {
        Places places = new Places("It", atOnce, 10_000, 10_000, LONG);
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger served = new AtomicInteger();
        AtomicInteger left = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 2_000; i++) {
            OnBehalf who = OnBehalf.of("key " + i % 17);
            threads.add(Thread.startVirtualThread(() -> {
                try {
                    places.inTurn(who, () -> {
                        most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                        Thread.yield();
                        inside.decrementAndGet();
                        return served.incrementAndGet();
                    });
                } catch (CallerLeft gone) {
                    left.incrementAndGet();
                }
            }));
            if (i % 5 == 0) {
                threads.add(Thread.startVirtualThread(who::leave));
            }
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(served.get() + left.get()).isEqualTo(2_000);
        assertThat(most.get()).isBetween(1, atOnce);
        assertThat(places.empty()).isTrue();
        for (int i = 0; i < atOnce; i++) {
            assertThat(ask(places, "after " + i, 1)).allMatch(Places.Stay::granted);
        }
    }

    private static List<Places.Stay> ask(Places places, String key, int calls) {
        List<Places.Stay> stays = new ArrayList<>();
        for (int i = 0; i < calls; i++) {
            Places.Stay stay = places.stay(OnBehalf.of(key));
            stay.enter();
            stay.ask();
            stays.add(stay);
        }
        return stays;
    }

    private static void end(Places.Stay stay) {
        stay.giveBack();
        stay.leave();
    }

    private static CompletableFuture<String> inTurn(Places places, OnBehalf who) {
        return CompletableFuture.supplyAsync(() -> places.inTurn(who, () -> "done"), Thread::startVirtualThread);
    }

    private static void until(Places places, int inside) throws InterruptedException {
        while (places.busy() != inside) {
            Thread.sleep(1);
        }
    }
}
