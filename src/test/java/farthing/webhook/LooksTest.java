package farthing.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.chain.Address;
import farthing.chain.BlockRef;
import farthing.chain.ChainLog;
import farthing.chain.ChainPosition;
import farthing.chain.Logged;
import farthing.chain.VaultEvent;
import farthing.identity.AccountId;
import farthing.ledger.LineId;
import farthing.money.Amount;
import farthing.settlement.FinalBatches;

/** What is noticed of budgets, batches and payouts: each fact once, whoever looks and whatever breaks. */
class LooksTest {

    private static final AtomicLong SEQ = new AtomicLong(1_000);
    private static final Address PAYEE = new Address("0x00000000000000000000000000000000000fa401");
    private static final LineId LINE = new LineId(-7);

    private final Hooked hooked = new Hooked();
    private final AccountId account = hooked.account();
    private final Hooks.Fresh hook = hooked.hook(account, "http://127.0.0.1:9/");
    private final FakeLog chain = new FakeLog();
    private final BatchLook.Owners owners = new BatchLook.Owners() {
        @Override
        public Map<LineId, AccountId> ofLines(Collection<LineId> lines) {
            return lines.contains(LINE) ? Map.of(LINE, account) : Map.of();
        }

        @Override
        public Map<Address, AccountId> ofWallets(Collection<Address> wallets) {
            return wallets.contains(PAYEE) ? Map.of(PAYEE, account) : Map.of();
        }
    };
    private final BatchLook batches = new BatchLook(hooked.database, new FinalBatches(), owners, hooked.outbox, Hooked.TOKEN,
            hooked.clock);
    private final PayoutLook payouts = new PayoutLook(hooked.database, chain, owners, hooked.outbox, Hooked.TOKEN,
            hooked.clock);

    @BeforeEach
    void everythingSoFarIsSeen() {
        batches.look();
        payouts.look();
    }

    @AfterEach
    void close() throws Exception {
        hooked.close();
    }

    @Test
    void aBudgetIsToldAtEightyPercentAndWhenAllIsUsed() throws Exception {
        used(79, 100);
        hooked.budgetLook.look();
        assertThat(events()).isEmpty();
        used(80, 100);
        hooked.budgetLook.look();
        hooked.budgetLook.look();
        JsonNode first = only(events());
        assertThat(first.path("type").asText()).isEqualTo("farthing.budget.reached.v1");
        assertThat(first.path("subject").asText()).isEqualTo("line/7");
        assertThat(first.path("data")).isEqualTo(new ObjectMapper().readTree("""
                {"budget": "line", "line": 7, "percent": 80, "limit_nanos": 100, "used_nanos": 80, "left_nanos": 20,
                 "token": {"chain": 31337, "address": "0x00"}}"""));
        used(100, 100);
        hooked.budgetLook.look();
        assertThat(percents()).containsExactly(80, 100);
        used(100, 1_000);
        hooked.budgetLook.look();
        used(1_000, 1_000);
        hooked.budgetLook.look();
        assertThat(percents()).as("raised and reached again").containsExactly(80, 100, 80, 100);
    }

    @Test
    void allIsUsedWhenTheLastCallDoesNotFitAgain() throws Exception {
        hooked.lastCharges.put(account, Amount.ofNanos(9));
        used(91, 100);
        hooked.budgetLook.look();
        assertThat(percents()).containsExactly(80);
        used(92, 100);
        hooked.budgetLook.look();
        assertThat(percents()).containsExactly(80, 100);
    }

    @Test
    void whatWasReachedBeforeTheWebhookIsNoNewsAndNoneIsToldWithoutOne() throws Exception {
        AccountId other = hooked.account();
        hooked.budgets.put(other, List.of(line(other, 90, 100)));
        Hooks.Fresh first = hooked.hook(other, "http://127.0.0.1:9/");
        hooked.budgetLook.look();
        assertThat(hooked.events(other)).isEmpty();
        hooked.hooks.switchOff(other, first.hook().id());
        hooked.budgets.put(other, List.of(line(other, 100, 100)));
        hooked.budgetLook.look();
        hooked.hooks.switchOn(other, first.hook().id());
        hooked.budgetLook.look();
        assertThat(hooked.events(other)).isEmpty();
        hooked.budgets.put(other, List.of(line(other, 170, 200)));
        hooked.budgetLook.look();
        assertThat(hooked.events(other)).hasSize(1);
    }

    @Test
    void severalServersThatLookAtOnceTellOnce() throws Exception {
        used(100, 100);
        long batch = batch("FINAL");
        chain.pay(PAYEE);
        try (var servers = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 10; i++) {
                servers.execute(hooked.budgetLook::look);
                servers.execute(batches::look);
                servers.execute(payouts::look);
            }
            servers.shutdown();
            assertThat(servers.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(events()).extracting(event -> event.path("type").asText()).containsExactlyInAnyOrder(
                "farthing.budget.reached.v1", "farthing.budget.reached.v1", "farthing.batch.posted.v1",
                "farthing.payout.paid.v1");
        assertThat(batch).isPositive();
    }

    @Test
    void aServerThatEndsBetweenFactAndEventLosesAndDoublesNothing() throws Exception {
        batch("FINAL");
        BatchLook broken = new BatchLook(hooked.database, new FinalBatches(), new BatchLook.Owners() {
            @Override
            public Map<LineId, AccountId> ofLines(Collection<LineId> lines) {
                return owners.ofLines(lines);
            }

            @Override
            public Map<Address, AccountId> ofWallets(Collection<Address> wallets) {
                throw new IllegalStateException("killed");
            }
        }, hooked.outbox, Hooked.TOKEN, hooked.clock);
        assertThatThrownBy(broken::look).hasMessage("killed");
        assertThat(events()).isEmpty();
        batches.look();
        assertThat(events()).hasSize(1);
    }

    @Test
    void theFactOfAnEventIsTakenOnceOnly() {
        hooked.happens(account, "payout:1");
        hooked.happens(account, "payout:1");
        hooked.happens(hooked.account(), "payout:1");
        assertThat(hooked.events(account)).hasSize(1);
        assertThat(hooked.deliveries(hook)).hasSize(1);
    }

    @Test
    void aBatchIsToldToItsPayersAndPayeesOnceItIsFinal() throws Exception {
        long first = batch("MINED");
        long second = batch("FINAL");
        batches.look();
        assertThat(events()).hasSize(1);
        state(first, "FINAL");
        batches.look();
        batches.look();
        assertThat(events()).hasSize(2);
        JsonNode data = events().getFirst().path("data");
        assertThat(data.path("state").asText()).isEqualTo("final");
        assertThat(data.path("lines")).isEqualTo(new ObjectMapper().readTree("""
                [{"line": 4294967289, "receipts": 3, "charged_nanos": 500}]"""));
        assertThat(data.path("payees")).isEqualTo(new ObjectMapper().readTree("[{\"payee\": \"" + PAYEE
                + "\", \"earned_nanos\": 400, \"credited_nanos\": 1000}]"));
        // Given up, and on the chain after all.
        state(second, "RELEASED");
        batches.look();
        state(second, "FINAL");
        batches.look();
        assertThat(events()).hasSize(2);
    }

    @Test
    void aBatchThatWasFinalBeforeTheWebhookIsNotTold() throws Exception {
        hooked.hooks.switchOff(account, hook.hook().id());
        batch("FINAL");
        batches.look();
        hooked.hooks.switchOn(account, hook.hook().id());
        batches.look();
        assertThat(events()).isEmpty();
    }

    @Test
    void aPayoutIsToldOnceItIsFinalAndNotAgainWhenTheChainComesBackToIt() throws Exception {
        chain.finalized = chain.head;
        chain.pay(PAYEE);
        chain.pay(new Address("0x00000000000000000000000000000000000fa402"));
        payouts.look();
        assertThat(events()).isEmpty();
        chain.finalized = chain.head;
        payouts.look();
        payouts.look();
        JsonNode event = only(events());
        assertThat(event.path("type").asText()).isEqualTo("farthing.payout.paid.v1");
        assertThat(event.path("data").path("amount_nanos").asLong()).isEqualTo(5_000);
        assertThat(event.path("data").path("payee").asText()).isEqualTo(PAYEE.text());
        // A chain that is restored from an older state comes to its blocks again.
        chain.finalized -= 500;
        payouts.look();
        chain.pay(PAYEE);
        chain.finalized = chain.head;
        payouts.look();
        assertThat(events()).hasSize(2);
    }

    private void used(long used, long limit) {
        hooked.budgets.put(account, List.of(line(account, used, limit)));
        hooked.clock.advance(Duration.ofSeconds(2));
    }

    private static Budget line(AccountId owner, long used, long limit) {
        // Lines have one owner, and a name for ever.
        return new Budget("line:" + owner.value(), null, "line/7", Amount.ofNanos(used), Amount.ofNanos(limit),
                new HashMap<>(Map.of("budget", "line", "line", 7)));
    }

    private List<JsonNode> events() throws Exception {
        List<JsonNode> events = new ArrayList<>();
        for (String each : hooked.events(account)) {
            events.add(new ObjectMapper().readTree(each));
        }
        return events;
    }

    private List<Integer> percents() throws Exception {
        return events().stream().map(event -> event.path("data").path("percent").asInt()).toList();
    }

    private static JsonNode only(List<JsonNode> events) {
        assertThat(events).hasSize(1);
        return events.getFirst();
    }

    private long batch(String state) {
        long seq = SEQ.incrementAndGet();
        return hooked.database.inTransaction(connection -> {
            long id = Database.list(connection, row -> row.getLong(1),
                    """
                            insert into batch (seq, parent, state, prev_hash, history_hash, receipts_root, manifest, built_at, receipts,
                                charges, debits, credits, available_after, payees, transaction, block, mined_at)
                            values (?, 0, ?, '', '', '', repeat('0', 64), now(), 3, 500, 0, 1000, 0, 1, '0xabc', 9, now()) returning id""",
                    seq, state).getFirst();
            Database.update(connection, "insert into batch_line values (?, ?, 100, 600, 3, '')", id, LINE.value());
            Database.update(connection, "insert into batch_line values (?, 9, 0, 1, 1, '')", id);
            Database.update(connection, "insert into batch_payee values (?, ?, 600, 400, 1000)", id, PAYEE.text());
            return id;
        });
    }

    private void state(long batch, String state) {
        hooked.database.with(connection -> Database.update(connection, "update batch set state = ? where id = ?", state,
                batch));
    }

    /** Where withdrawals happen, one a block. */
    private static final class FakeLog implements ChainLog {

        private static final AtomicLong TRANSACTION = new AtomicLong(System.nanoTime());

        private final List<Logged<VaultEvent.Withdrawn>> withdrawn = new ArrayList<>();
        private long head = 10_000;
        private long finalized = Long.MAX_VALUE;

        void pay(Address payee) {
            head++;
            withdrawn.add(new Logged<>(new VaultEvent.Withdrawn(payee, payee, Amount.ofNanos(5_000)),
                    new BlockRef(head, "0x" + head, Instant.EPOCH), "0x" + TRANSACTION.incrementAndGet(), 0, false));
        }

        @Override
        public Optional<ChainPosition> position(Connection connection) {
            return Optional.of(new ChainPosition(new BlockRef(head, "0x" + head, Instant.EPOCH), Math.min(finalized, head)));
        }

        @Override
        public List<Logged<VaultEvent.Withdrawn>> withdrawnFrom(Connection connection, long block) {
            return withdrawn.stream().filter(each -> each.block().number() >= block)
                    .map(each -> new Logged<>(each.event(), each.block(), each.transaction(), each.index(),
                            each.block().number() <= finalized))
                    .toList();
        }

        @Override
        public List<Integer> lines(Connection connection) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<Logged<?>> ofLine(Connection connection, int line) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<Logged<VaultEvent.LineOpened>> openedBy(Connection connection, Address owner) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<Logged<?>> ofPayee(Connection connection, Address payee) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<Logged<?>> batchesFrom(Connection connection, long seq) {
            throw new UnsupportedOperationException();
        }
    }
}
