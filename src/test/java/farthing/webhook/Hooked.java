package farthing.webhook;

import java.net.InetAddress;
import java.net.URI;
import java.sql.Connection;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

import javax.sql.DataSource;

import farthing.TestClock;
import farthing.TestDatabase;
import farthing.identity.AccountId;
import farthing.money.Amount;
import farthing.web.Outside;
import farthing.web.Seals;
import io.vertx.core.Vertx;

/** Webhooks on a database of their own, with budgets that a test sets and a clock that it moves. */
final class Hooked implements AutoCloseable {

    /** For one whose answer is to be had. */
    static final Duration PATIENCE = Duration.ofSeconds(30);
    static final Map<String, Object> TOKEN = Map.of("chain", 31337, "address", "0x00");

    final DataSource source = TestDatabase.separate("webhooks");
    final Database database = new Database(source);
    final TestClock clock = new TestClock(Instant.parse("2026-11-28T12:00:00Z"));
    final Map<AccountId, List<Budget>> budgets = new ConcurrentHashMap<>();
    final Map<AccountId, Amount> lastCharges = new ConcurrentHashMap<>();
    final Outbox outbox = new Outbox(URI.create("https://models.example.org"), clock);
    final BudgetLook budgetLook = new BudgetLook(database, account -> budgets.getOrDefault(account, List.of()),
            (accounts, since) -> lastCharges, outbox, TOKEN, clock);
    final Hooks hooks = hooks(true);
    final DeliveryLog log = new DeliveryLog(database);
    private final Vertx vertx = Vertx.vertx();
    private final List<Runnable> opened = new ArrayList<>();

    /** Nothing of another test is due here. */
    Hooked() {
        database.with(connection -> Database.update(connection, "delete from webhook"));
    }

    Hooks hooks(boolean allowPrivate) {
        return new Hooks(database, Seals.under("0123456789abcdef0123456789abcdef"),
                new Outside(InetAddress::getAllByName, allowPrivate), allowPrivate, 10, budgetLook, outbox, clock);
    }

    Courier courier() {
        return courier(true, PATIENCE);
    }

    Courier courier(Duration timeout) {
        return courier(true, timeout);
    }

    Courier courier(boolean allowPrivate) {
        return courier(allowPrivate, PATIENCE);
    }

    /** One of several servers. */
    private Courier courier(boolean allowPrivate, Duration timeout) {
        Sender sender = new Sender(vertx, 8, new Outside(InetAddress::getAllByName, allowPrivate), timeout,
                Clock.systemUTC());
        Courier courier = new Courier(database, hooks::open, sender::send,
                new Retries(List.of(Duration.ofSeconds(5), Duration.ofMinutes(5)), new Random(7)),
                new Courier.Rules(8, timeout, Duration.ofDays(5), "Farthing/test"), _ -> {
                }, clock);
        opened.add(courier::close);
        opened.add(sender::close);
        return courier;
    }

    AccountId account() {
        String name = UUID.randomUUID().toString();
        return new AccountId(database.with(connection -> Database.list(connection, row -> row.getLong(1),
                "insert into account (handle, wallet, created_at) values (?, ?, now()) returning id", name, name).getFirst()));
    }

    Hooks.Fresh hook(AccountId account, String url) {
        return hooks.create(account, "a test", url, EventType.choices().stream().map(type -> type.wireName).toList());
    }

    void happens(AccountId account, String fact) {
        database.inTransaction(connection -> {
            happens(connection, account, fact);
            return true;
        });
    }

    void happens(Connection connection, AccountId account, String fact) throws java.sql.SQLException {
        outbox.record(connection, account,
                new Outbox.Happened(EventType.PAYOUT_PAID, fact, "payee/0x01", clock.instant(), Map.of("amount_nanos", 5)));
    }

    /** Sends what is due by now. */
    void deliver(Courier courier) throws InterruptedException {
        courier.deliver();
        courier.awaitIdle();
    }

    List<DeliveryLog.Entry> deliveries(Hooks.Fresh hook) {
        return log.page(hook.hook().id(), null, 100, 0);
    }

    /** The bodies of the events that were recorded for the account, oldest first. */
    List<String> events(AccountId account) {
        return database.with(connection -> Database.list(connection, row -> row.getString(1),
                "select e.body from webhook_event e where account = ? order by (select min(d.id) from webhook_delivery d"
                        + " where d.event = e.id)",
                account.value()));
    }

    @Override
    public void close() {
        opened.forEach(Runnable::run);
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }
}
