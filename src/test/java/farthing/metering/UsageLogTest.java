package farthing.metering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Predicate;
import java.util.stream.IntStream;

import javax.sql.DataSource;

import org.junit.jupiter.api.Test;

import farthing.TestDatabase;
import farthing.catalog.Listing;
import farthing.catalog.VersionId;
import farthing.identity.AccountId;
import farthing.identity.Caller;
import farthing.money.Price;
import farthing.money.Split;
import farthing.receipt.ReceiptId;

class UsageLogTest {

    private static final Listing OTHER = Calls.listing(new VersionId(2), new Price(1_000_000, 0, 3, 0),
            new Split(9000, 0, 0, 0, 1000));
    private static final int SIZE = 7;

    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);
    private final AccountId account = new AccountId(ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE));

    @Test
    void readsEveryCallOnceThoughManyAreOfTheSameMoment() throws Exception {
        try (Calls calls = new Calls(100_000)) {
            Caller caller = caller(calls);
            Callable<Object> call = () -> Calls.charged(calls.reserve(caller));
            List<ReceiptId> charged = Outcomes.of(IntStream.range(0, 600).mapToObj(i -> call).toList()).stream()
                    .map(outcome -> ((Charged) outcome).receipt()).toList();
            UsageLog log = new UsageLog(calls.source);
            List<ReceiptId> read = new ArrayList<>();
            log.each(UsageFilter.all(account), each -> read.add(each.receipt()));
            assertThat(read).containsExactlyInAnyOrderElementsOf(charged);
            assertThat(pages(log, UsageFilter.all(account), 170)).extracting(UsageLog.Call::receipt).isEqualTo(read);
        }
    }

    @Test
    void everyPageOfEveryFilterIsFoundForthAndBack() throws Exception {
        try (Calls calls = new Calls(10_000_000, new Calls.Settings(Duration.ofMillis(300), 100))) {
            Caller first = caller(calls);
            Caller second = caller(calls);
            for (int i = 0; i < 2; i++) {
                calls.clock.advance(Duration.ofHours(30));
                reversed(calls, first, i == 0);
            }
            for (int i = 0; i < 40; i++) {
                calls.clock.advance(random.nextInt(4) == 0 ? Duration.ofHours(random.nextInt(90)) : Duration.ofMinutes(30));
                charge(calls, random.nextBoolean() ? first : second, random.nextInt(3) == 0 ? OTHER : Calls.LISTING,
                        random.nextInt(4) == 0);
            }
            UsageLog log = new UsageLog(calls.source);
            List<UsageLog.Call> all = new ArrayList<>();
            log.each(UsageFilter.all(account), all::add);
            assertThat(all).hasSize(42).isSortedAccordingTo(
                    Comparator.comparing(UsageLog.Call::at).thenComparing(call -> call.receipt().value().toString())
                            .reversed());

            Instant early = all.get(34).at();
            Instant late = all.get(11).at();
            LocalDate day = UsageFilter.dayOf(all.get(20).at());
            found(log, all, UsageFilter.all(account), call -> true, true);
            for (CallState state : CallState.values()) {
                found(log, all, new UsageFilter(account, null, null, state, null, null), call -> call.state() == state, true);
            }
            found(log, all, new UsageFilter(account, List.of(2), null, null, null, null), call -> call.version().value() == 2,
                    true);
            found(log, all, new UsageFilter(account, null, second.key().value(), CallState.CHARGED, null, null),
                    call -> call.key().equals(second.key()) && call.state() == CallState.CHARGED, true);
            found(log, all, UsageFilter.all(account).within(day, day.plusDays(3)),
                    call -> !UsageFilter.dayOf(call.at()).isBefore(day)
                            && !UsageFilter.dayOf(call.at()).isAfter(day.plusDays(3)),
                    true);
            found(log, all, new UsageFilter(account, null, null, null, early, late),
                    call -> !call.at().isBefore(early) && call.at().isBefore(late), false);
            found(log, all, new UsageFilter(account, List.of(1, 2), first.key().value(), null, early.plusNanos(1_000), null),
                    call -> call.at().isAfter(early) && call.key().equals(first.key()), false);
            found(log, all, new UsageFilter(account, List.of(), null, null, null, null), call -> false, true);
            found(log, all, new UsageFilter(account, null, null, null, late, late), call -> false, true);
        }
    }

    private void found(UsageLog log, List<UsageLog.Call> all, UsageFilter filter, Predicate<UsageLog.Call> wanted,
            boolean wholeDays) {
        List<UsageLog.Call> expected = all.stream().filter(wanted).toList();
        List<UsageLog.Call> read = new ArrayList<>();
        log.each(filter, read::add);
        assertThat(read).as("%s, seed %d", filter, seed).isEqualTo(expected);
        assertThat(pages(log, filter, SIZE)).as("%s, seed %d", filter, seed).isEqualTo(expected);
        UsageLog.Page page = log.page(filter, SIZE, null);
        assertThat(page.total()).as("%s, seed %d", filter, seed).isLessThanOrEqualTo(expected.size());
        if (wholeDays) {
            assertThat(page.exact()).isTrue();
            assertThat(page.total()).isEqualTo(expected.size());
        }
    }

    /** From the newest to the oldest; on the way back each page is the same. */
    private static List<UsageLog.Call> pages(UsageLog log, UsageFilter filter, int size) {
        List<UsageLog.Page> pages = new ArrayList<>(List.of(log.page(filter, size, null)));
        while (pages.getLast().older()) {
            pages.add(log.page(filter, size, UsageLog.Place.of(pages.getLast().calls().getLast())));
            assertThat(pages.getLast().newer()).isTrue();
        }
        for (int i = pages.size() - 1; i > 0; i--) {
            UsageLog.Page back = log.pageBefore(filter, size, UsageLog.Place.of(pages.get(i).calls().getFirst()));
            assertThat(back.calls()).isEqualTo(pages.get(i - 1).calls());
            assertThat(back.newer()).isEqualTo(i > 1);
        }
        return pages.stream().flatMap(page -> page.calls().stream()).toList();
    }

    @Test
    void theLatestAreTheNewestOfTheLastDayThatStand() throws SQLException {
        DataSource source = TestDatabase.separate("latest_calls");
        try (Connection connection = source.getConnection(); Statement statement = connection.createStatement()) {
            // The commit and the leaf are the last digits of a receipt's id.
            statement.execute(
                    """
                            insert into receipt_commit (id, root, size, signer, signature, committed_at)
                            select n, '', 2, '', '', timestamptz '2026-03-01 00:00Z' + n * interval '7 hours' from generate_series(1, 6) n;
                            insert into usage (receipt, commit_id, leaf_index, line, lease, seq, account, api_key, version, offer, input_tokens,
                                output_tokens, items, charge, finish, streamed, started_at, charged_at, salt, request_hash, response_hash,
                                body_hash, shares_hash)
                            select ('00000000-0000-0000-0000-0000000000' || id || leaf)::uuid, id, leaf, 1, 1, id * 2 + leaf, id, 1, 1, 1, 0,
                                0, 1, 5, 'COMPLETE', false, committed_at, committed_at, '', '', '', '', ''
                            from receipt_commit, generate_series(0, 1) leaf;
                            insert into usage_reversal (receipt, commit_id, reversed_at, account, charged_at)
                            select receipt, commit_id, charged_at, account, charged_at from usage where commit_id = 6 and leaf_index = 1;
                            insert into market_day select day, 1, calls, 0, 0, 0, 0, 0, 0
                            from (values (date '2026-03-01', 6), ('2026-03-02', 5), ('2026-03-03', 0)) d (day, calls)""");
        }
        UsageLog log = new UsageLog(source);
        assertThat(latest(log, 4)).containsExactly("60", "51", "50", "41");
        assertThat(latest(log, 100)).containsExactly("60", "51", "50", "41", "40");
    }

    private static List<String> latest(UsageLog log, int most) {
        return log.latest(most).stream().map(call -> call.receipt().value().toString().substring(34)).toList();
    }

    @Test
    void aPlaceSurvivesBeingWrittenInAnAddress() {
        UsageLog.Place place = new UsageLog.Place(Instant.parse("2026-11-28T14:30:00.000123Z"), ReceiptId.random());
        assertThat(UsageLog.Place.parse(place.toString())).contains(place);
        assertThat(UsageLog.Place.parse("")).isEmpty();
        assertThat(UsageLog.Place.parse("9999999999999999999-" + place.receipt())).isEmpty();
    }

    private Caller caller(Calls calls) {
        Caller someone = calls.caller();
        return new Caller(someone.key(), account, someone.line(), someone.limits(), someone.replayKey());
    }

    private static void reversed(Calls calls, Caller caller, boolean abandoned) {
        Reservation call = calls.reserve(caller);
        calls.faulty.nextCommits(FaultyDatabase.Fault.CONFIRMATION_LOST_THEN_DOWN);
        assertThatThrownBy(() -> call.charge(consumed(0, abandoned), null)).isInstanceOf(NotCharged.class);
        call.close();
        calls.faulty.heal();
        calls.metering.tidy();
    }

    private void charge(Calls calls, Caller caller, Listing listing, boolean abandoned) {
        int tokens = random.nextInt(1, 900);
        try (Reservation call = calls.metering.reserve(caller, listing, tokens, 1)) {
            call.charge(consumed(tokens, abandoned), null);
        }
    }

    private static Consumed consumed(int tokens, boolean abandoned) {
        return new Consumed(new Units(tokens, 0, 1), Calls.bytes("request"), Calls.bytes("answer"), true, abandoned,
                Instant.EPOCH);
    }
}
