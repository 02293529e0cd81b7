package farthing.webhook;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;

import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Sends what is due: one delivery of a webhook at a time, several webhooks at once, and of all that wait the one that was
 * served longest ago, so that a slow endpoint holds up nobody else. A delivery belongs to whoever claimed it, for a while by
 * the
 * database's clock: when that one ends, another one sends it again, under the same id.
 */
final class Courier implements AutoCloseable {

    private static final Logger LOG = Logger.getLogger(Courier.class);
    /** Beside the sending itself, for what is recorded before and after. */
    private static final Duration SLACK = Duration.ofSeconds(30);

    /** Posts a body somewhere. */
    interface Post {
        Outcome send(URI url, Map<String, String> headers, byte[] body);
    }

    /** What a secret is, of those that are kept sealed. */
    interface Opener {
        Secret open(long hook, byte[] sealed);
    }

    /**
     * @param places deliveries that are sent at once
     * @param timeout within which {@link Post} returns
     * @param givesUpAfter a webhook that takes nothing for so long is switched off
     * @param agent this server's name in {@code User-Agent}
     */
    record Rules(int places, Duration timeout, Duration givesUpAfter, String agent) {
    }

    private record Claimed(long id, long claim, Hook hook, List<Secret> secrets, String event, byte[] body) {
    }

    private final Database database;
    private final Opener opener;
    private final Post post;
    private final Retries retries;
    private final Rules rules;
    private final Consumer<Outcome> watcher;
    private final Clock clock;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    /** Webhooks that are sent something here and now. */
    private final Set<Long> busy = new HashSet<>();

    /** @param watcher is told of every attempt */
    Courier(Database database, Opener opener, Post post, Retries retries, Rules rules, Consumer<Outcome> watcher, Clock clock) {
        this.database = database;
        this.opener = opener;
        this.post = post;
        this.retries = retries;
        this.rules = rules;
        this.watcher = watcher;
        this.clock = clock;
    }

    /** Begins to send what is due, as far as there are places, and goes on by itself until nothing is due. */
    synchronized void deliver() {
        int free = rules.places() - busy.size();
        if (free <= 0) {
            return;
        }
        for (Claimed claimed : database.inTransaction(connection -> claim(connection, free))) {
            busy.add(claimed.hook.id());
            try {
                threads.execute(() -> run(claimed));
            } catch (RejectedExecutionException closed) {
                // Another one sends it when the claim has ended.
                busy.remove(claimed.hook.id());
            }
        }
    }

    private void run(Claimed claimed) {
        try {
            send(claimed);
        } catch (RuntimeException e) {
            LOG.errorf(e, "delivery %d was not recorded; it is sent again", claimed.id);
        } finally {
            goOn(claimed);
        }
    }

    private synchronized void goOn(Claimed claimed) {
        busy.remove(claimed.hook.id());
        try {
            deliver();
        } catch (RuntimeException e) {
            LOG.debugf(e, "what is due now is looked for again later");
        }
        notifyAll();
    }

    /** Until nothing is being sent here, and nothing more was due. */
    synchronized void awaitIdle() throws InterruptedException {
        while (!busy.isEmpty()) {
            wait();
        }
    }

    private List<Claimed> claim(Connection connection, int most) throws SQLException {
        Instant now = clock.instant();
        List<Long> hooks = Database.list(connection, row -> row.getLong(1), """
                select w.id from webhook w where w.state = 'ON' and w.id <> all (?) and exists (
                    select 1 from webhook_delivery d where d.webhook = w.id and d.state = 'PENDING' and d.next_at <= ?
                    and (d.claimed_until is null or d.claimed_until < clock_timestamp()))
                order by w.served_at limit ? for no key update skip locked""", busy.toArray(Long[]::new), now, most);
        List<Claimed> claimed = new ArrayList<>();
        for (long hook : hooks) {
            long claim = ThreadLocalRandom.current().nextLong();
            // Only who holds the webhook's row claims deliveries of it.
            List<Long> delivery = Database.list(connection, row -> row.getLong(1), """
                    update webhook_delivery set claim = ?, claimed_until = clock_timestamp() + make_interval(secs => ?)
                    where id = (
                        select id from webhook_delivery where webhook = ? and state = 'PENDING' and next_at <= ?
                        and (claimed_until is null or claimed_until < clock_timestamp()) order by next_at, id limit 1)
                    returning id""", claim, rules.timeout().plus(SLACK).toSeconds(), hook, now);
            Database.update(connection, "update webhook set served_at = ? where id = ?", now, hook);
            if (!delivery.isEmpty()) {
                try {
                    claimed.add(claimed(connection, delivery.getFirst(), claim, now));
                } catch (IllegalStateException e) {
                    LOG.errorf(e, "delivery %d cannot be signed; it waits", delivery.getFirst());
                }
            }
        }
        return claimed;
    }

    private Claimed claimed(Connection connection, long delivery, long claim, Instant now) throws SQLException {
        return Database.list(connection, row -> new Claimed(delivery, claim, Hook.read(row), secrets(row, now),
                row.getString("event"), row.getString("body").getBytes(StandardCharsets.UTF_8)),
                "select " + Hook.COLUMNS + ", w.secret, w.previous_secret, d.event, e.body from webhook_delivery d"
                        + " join webhook w on w.id = d.webhook join webhook_event e on e.id = d.event where d.id = ?",
                delivery).getFirst();
    }

    private List<Secret> secrets(ResultSet row, Instant now) throws SQLException {
        long hook = row.getLong("id");
        List<Secret> secrets = new ArrayList<>(List.of(opener.open(hook, row.getBytes("secret"))));
        Instant until = Database.instant(row, "previous_until");
        if (until != null && now.isBefore(until)) {
            secrets.add(opener.open(hook, row.getBytes("previous_secret")));
        }
        return secrets;
    }

    private void send(Claimed claimed) {
        Instant began = clock.instant();
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("Content-Type", "application/cloudevents+json; charset=UTF-8");
        headers.put("User-Agent", rules.agent());
        headers.put("webhook-id", claimed.event);
        headers.put("webhook-timestamp", Long.toString(began.getEpochSecond()));
        headers.put("webhook-signature", Secret.signatures(claimed.secrets, claimed.event, began, claimed.body));
        Outcome outcome = post.send(claimed.hook.url(), headers, claimed.body);
        watcher.accept(outcome);
        database.inTransaction(connection -> {
            record(connection, claimed, outcome, began);
            return true;
        });
    }

    private void record(Connection connection, Claimed claimed, Outcome outcome, Instant began) throws SQLException {
        // Webhook, then delivery, as everybody who changes both.
        List<Hook> hook = Database.list(connection, Hook::read,
                "select " + Hook.COLUMNS + " from webhook w where w.id = ? for no key update", claimed.hook.id());
        List<Delivery> delivery = Database.list(connection, Courier::delivery, """
                select state, attempts, tries, next_at from webhook_delivery where id = ? and claim = ? and state = 'PENDING'
                for update""", claimed.id, claimed.claim);
        if (hook.isEmpty() || delivery.isEmpty()) {
            // Deleted meanwhile, or so late that another one has claimed it.
            return;
        }
        Instant now = clock.instant();
        Delivery after = delivery.getFirst().after(outcome, now, retries);
        Database.update(connection, """
                update webhook_delivery set state = ?, attempts = ?, tries = ?, next_at = ?, claim = null, claimed_until = null
                where id = ?""", after.state().name(), after.attempts(), after.tries(), after.nextAt(), claimed.id);
        Database.update(connection, """
                insert into webhook_attempt (delivery, number, at, millis, status, fault, answer)
                values (?, ?, ?, ?, ?, ?, ?)""", claimed.id, after.attempts(), began, (int) outcome.took().toMillis(),
                outcome.status(), outcome.fault(), outcome.answer());
        judge(connection, hook.getFirst(), outcome, now);
    }

    private void judge(Connection connection, Hook hook, Outcome outcome, Instant now) throws SQLException {
        Health after = hook.health().after(outcome, now, rules.givesUpAfter());
        if (after.equals(hook.health())) {
            return;
        }
        Database.update(connection,
                "update webhook set state = ?, failing_since = ?, failures = ?, changed_at = ? where id = ?",
                after.state().name(), after.failingSince(), after.failures(), hook.on() == (after.state() == Health.State.ON)
                        ? hook.changedAt()
                        : now,
                hook.id());
        if (after.state() != hook.health().state()) {
            LOG.infof("webhook %d is switched off: %s", hook.id(), after.state());
        }
    }

    static Delivery delivery(ResultSet row) throws SQLException {
        return new Delivery(Delivery.State.valueOf(row.getString("state")), row.getInt("attempts"), row.getInt("tries"),
                nextAt(row));
    }

    private static @Nullable Instant nextAt(ResultSet row) throws SQLException {
        return Database.instant(row, "next_at");
    }

    /** What is being sent is sent again by another one. */
    @Override
    public void close() {
        threads.shutdownNow();
    }
}
