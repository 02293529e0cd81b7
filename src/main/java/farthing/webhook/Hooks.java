package farthing.webhook;

import java.net.URI;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;

import org.jspecify.annotations.Nullable;

import farthing.identity.AccountId;
import farthing.web.Fault;
import farthing.web.Outside;
import farthing.web.Seals;

/** The webhooks of accounts. */
final class Hooks {

    /** The secret before a rotation signs for so long, too, so that receivers can be told of the new one. */
    static final Duration OVERLAP = Duration.ofHours(24);

    private static final int LONGEST_NAME = 60;

    /** @param secret shown now and never again */
    record Fresh(Hook hook, Secret secret) {
    }

    private final ReentrantLock listening = new ReentrantLock();
    private final ByHand byHand;
    private final Database database;
    private final Seals seals;
    private final Outside outside;
    private final boolean allowPlain;
    private final int most;
    private final BudgetLook budgets;
    private final Outbox outbox;
    private final Clock clock;

    /** @param most that an account may have */
    Hooks(Database database, Seals seals, Outside outside, boolean allowPlain, int most, BudgetLook budgets, Outbox outbox,
            Clock clock) {
        this.database = database;
        this.seals = seals;
        this.outside = outside;
        this.allowPlain = allowPlain;
        this.most = most;
        this.budgets = budgets;
        this.outbox = outbox;
        this.clock = clock;
        this.byHand = new ByHand(clock);
    }

    /** @throws WebhookRefused naming everything that is wrong */
    Fresh create(AccountId account, String name, String url, List<String> events) {
        Checked checked = check(name, url, events);
        Secret secret = Secret.fresh();
        Instant now = clock.instant();
        return alone(connection -> {
            // Counted under its lock, by whichever server.
            Database.list(connection, row -> row.getLong(1), "select id from account where id = ? for no key update",
                    account.value());
            if (of(connection, account).size() >= most) {
                throw new WebhookRefused("url", "An account may have " + most + " webhooks. Delete one first.");
            }
            listen(connection, account, checked.events, Set.of());
            long id = Database.list(connection, row -> row.getLong(1),
                    "select nextval(pg_get_serial_sequence('webhook', 'id'))").getFirst();
            Database.update(connection, """
                    insert into webhook (id, account, name, url, events, state, changed_at, secret, served_at, created_at)
                    values (?, ?, ?, ?, ?, 'ON', ?, ?, ?, ?)""", id, account.value(), checked.name, checked.url.toString(),
                    names(checked.events), now, sealed(id, secret), now, now);
            return new Fresh(get(connection, account, id, ""), secret);
        });
    }

    /**
     * One at a time on this server: listening begins with a look at budgets, which takes connections of its own, and those who
     * wait
     * for each other must not have taken them all.
     */
    private <T> T alone(Database.Work<T> work) {
        listening.lock();
        try {
            return database.inTransaction(work);
        } finally {
            listening.unlock();
        }
    }

    /** What is null stays as it is. @throws WebhookRefused naming everything that is wrong */
    Hook edit(AccountId account, long id, @Nullable String name, @Nullable String url, @Nullable List<String> events) {
        Hook before = get(account, id);
        // Looked up before a transaction begins: it may take a while.
        Checked checked = check(name == null ? before.name() : name, url == null ? before.url().toString() : url,
                events == null ? before.eventNames() : events);
        return alone(connection -> {
            Hook hook = get(connection, account, id, LOCK);
            if (hook.on()) {
                listen(connection, account, checked.events, hook.events());
            }
            // Another endpoint begins with a good name.
            boolean moved = !checked.url.equals(hook.url());
            Database.update(connection, """
                    update webhook set name = ?, url = ?, events = ?, failing_since = ?, failures = ? where id = ?""",
                    checked.name, checked.url.toString(), names(checked.events),
                    moved ? null : hook.health().failingSince(), moved ? 0 : hook.health().failures(), id);
            return get(connection, account, id, "");
        });
    }

    /** It is sent what still waits for it, and what happens from now on. */
    Hook switchOn(AccountId account, long id) {
        return alone(connection -> {
            Hook hook = get(connection, account, id, LOCK);
            if (!hook.on()) {
                listen(connection, account, hook.events(), Set.of());
                set(connection, hook, Health.GOOD);
            }
            return get(connection, account, id, "");
        });
    }

    /** What happens meanwhile is not kept for it. */
    Hook switchOff(AccountId account, long id) {
        return database.inTransaction(connection -> {
            Hook hook = get(connection, account, id, LOCK);
            if (hook.on()) {
                set(connection, hook, hook.health().switchedOff());
            }
            return get(connection, account, id, "");
        });
    }

    /** In a transaction that runs already. */
    void switchAllOff(AccountId account) {
        database.with(connection -> Database.update(connection,
                "update webhook set state = 'OFF', changed_at = ? where account = ? and state = 'ON'", clock.instant(),
                account.value()));
    }

    private void set(Connection connection, Hook hook, Health health) throws SQLException {
        Database.update(connection,
                "update webhook set state = ?, failing_since = ?, failures = ?, changed_at = ? where id = ?",
                health.state().name(), health.failingSince(), health.failures(), clock.instant(), hook.id());
    }

    /** From now on events are signed with this one, and for a day with the one before, too. */
    Fresh rotate(AccountId account, long id) {
        Secret secret = Secret.fresh();
        return database.inTransaction(connection -> {
            get(connection, account, id, LOCK);
            Database.update(connection,
                    "update webhook set previous_secret = secret, previous_until = ?, secret = ? where id = ?",
                    clock.instant().plus(OVERLAP), sealed(id, secret), id);
            return new Fresh(get(connection, account, id, ""), secret);
        });
    }

    void delete(AccountId account, long id) {
        database.inTransaction(connection -> {
            get(connection, account, id, " for update");
            return Database.update(connection, "delete from webhook where id = ?", id);
        });
    }

    /**
     * Sends it a test, whatever it wants to hear.
     *
     * @throws WebhookRefused while it is off
     * @throws ByHand.TooMany for the eleventh of a minute
     */
    void test(AccountId account, long id) {
        database.inTransaction(connection -> {
            Hook hook = get(connection, account, id, LOCK);
            requireOn(hook);
            byHand.take(account);
            outbox.record(connection, account, new Outbox.Happened(EventType.TEST, "test:" + UUID.randomUUID(),
                    "webhook/" + id, clock.instant(), Map.of("webhook", id, "name", hook.name())), List.of(id));
            return true;
        });
    }

    /**
     * Sends the same event under the same id again, at once.
     *
     * @throws WebhookRefused while it is off
     * @throws ByHand.TooMany for the eleventh of a minute
     */
    void again(AccountId account, long id, long delivery) {
        database.inTransaction(connection -> {
            requireOn(get(connection, account, id, LOCK));
            byHand.take(account);
            Delivery found = Database.list(connection, Courier::delivery,
                    "select state, attempts, tries, next_at from webhook_delivery where id = ? and webhook = ? for update",
                    delivery, id).stream().findFirst().orElseThrow(NoSuchWebhook::delivery);
            Delivery again = found.again(clock.instant());
            return Database.update(connection,
                    "update webhook_delivery set state = ?, tries = ?, next_at = ? where id = ?", again.state().name(),
                    again.tries(), again.nextAt(), delivery);
        });
    }

    private static void requireOn(Hook hook) {
        if (!hook.on()) {
            throw new WebhookRefused("state", "The webhook is off, so nothing is sent to it. Switch it on first.");
        }
    }

    /** @throws NoSuchWebhook unless it is the account's */
    Hook get(AccountId account, long id) {
        return database.with(connection -> get(connection, account, id, ""));
    }

    /** In the order in which they were made. */
    List<Hook> of(AccountId account) {
        return database.with(connection -> of(connection, account));
    }

    private static List<Hook> of(Connection connection, AccountId account) throws SQLException {
        return Database.list(connection, Hook::read,
                "select " + Hook.COLUMNS + " from webhook w where w.account = ? order by w.id", account.value());
    }

    private static final String LOCK = " for no key update";

    private static Hook get(Connection connection, AccountId account, long id, String lock) throws SQLException {
        return Database.list(connection, Hook::read,
                "select " + Hook.COLUMNS + " from webhook w where w.id = ? and w.account = ?" + lock, id, account.value())
                .stream().findFirst().orElseThrow(NoSuchWebhook::webhook);
    }

    /** The first of an account that wants to hear of budgets hears of those that are reached from now on. */
    private void listen(Connection connection, AccountId account, Set<EventType> wanted, Set<EventType> before)
            throws SQLException {
        boolean first = wanted.contains(EventType.BUDGET_REACHED) && !before.contains(EventType.BUDGET_REACHED)
                && of(connection, account).stream()
                        .noneMatch(hook -> hook.on() && hook.events().contains(EventType.BUDGET_REACHED));
        if (first) {
            budgets.begin(connection, account);
        }
    }

    private record Checked(String name, URI url, Set<EventType> events) {
    }

    private Checked check(String name, String url, List<String> events) {
        List<Fault> faults = new ArrayList<>();
        URI target = URI.create("");
        try {
            target = Target.of(url, allowPlain, outside);
        } catch (WebhookRefused refused) {
            faults.addAll(refused.faults());
        }
        if (name.isBlank() || name.strip().length() > LONGEST_NAME) {
            faults.add(new Fault("name", "Give the webhook a name of 1 to " + LONGEST_NAME + " characters."));
        }
        Set<EventType> chosen = EnumSet.noneOf(EventType.class);
        for (String event : events) {
            EventType.choice(event).ifPresentOrElse(chosen::add,
                    () -> faults.add(new Fault("events", "No event is called '" + event + "'. Choose among "
                            + String.join(", ", EventType.choices().stream().map(type -> type.wireName).toList()) + ".")));
        }
        if (events.isEmpty()) {
            faults.add(new Fault("events", "Choose at least one event."));
        }
        if (!faults.isEmpty()) {
            throw new WebhookRefused(faults);
        }
        return new Checked(name.strip(), target, chosen);
    }

    private static String[] names(Set<EventType> events) {
        return events.stream().map(type -> type.wireName).toArray(String[]::new);
    }

    private byte[] sealed(long id, Secret secret) {
        try {
            return seals.seal(owner(id), secret.text());
        } catch (Seals.NoKey e) {
            throw new WebhookRefused("url", "This server cannot keep the secret of a webhook yet: " + e.getMessage() + ".");
        }
    }

    Secret open(long id, byte[] sealed) {
        return new Secret(seals.open(owner(id), sealed));
    }

    /** @throws IllegalStateException when the secrets that are kept here cannot be opened */
    void requireSecrets() {
        database.with(connection -> Database.list(connection, row -> {
            seals.requireOpens("the secrets of webhooks", owner(row.getLong("id")), row.getBytes("secret"));
            return true;
        }, "select id, secret from webhook order by id desc limit 1"));
    }

    private static String owner(long id) {
        return "webhook:" + id;
    }
}
