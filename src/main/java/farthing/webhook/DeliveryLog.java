package farthing.webhook;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

import org.jspecify.annotations.Nullable;

/** What was sent to webhooks, and what came of it. */
final class DeliveryLog {

    /**
     * @param eventId the same for all webhooks, and however often it is sent
     * @param happenedAt of the event
     * @param lastStatus of the newest attempt; null before the first, and where no answer came
     * @param lastFault of the newest attempt; null before the first, and when it was taken
     */
    record Entry(long id, String eventId, EventType type, Instant happenedAt, Delivery delivery, Instant createdAt,
            @Nullable Integer lastStatus, @Nullable String lastFault, @Nullable Instant lastAt) {

        boolean pending() {
            return delivery.state() == Delivery.State.PENDING;
        }
    }

    record Attempt(int number, Instant at, int millis, @Nullable Integer status, @Nullable String fault, String answer) {
    }

    /** @param body as it is sent @param attempts newest first */
    record Whole(Entry entry, String body, List<Attempt> attempts) {
    }

    private static final String ENTRY = """
            select d.id, d.event, e.type, e.at, d.state, d.attempts, d.tries, d.next_at, d.created_at, a.status, a.fault,
                a.at as last_at
            from webhook_delivery d join webhook_event e on e.id = d.event
            left join webhook_attempt a on a.delivery = d.id and a.number = d.attempts where d.webhook = ?""";

    private final Database database;

    DeliveryLog(Database database) {
        this.database = database;
    }

    /** @param state null: of all */
    long count(long hook, Delivery.@Nullable State state) {
        return database.with(connection -> Database.list(connection, row -> row.getLong(1),
                "select count(*) from webhook_delivery where webhook = ? and (?::text is null or state = ?)", hook, name(state),
                name(state)).getFirst());
    }

    /** Newest first. */
    List<Entry> page(long hook, Delivery.@Nullable State state, int size, long offset) {
        return database.with(connection -> Database.list(connection, DeliveryLog::entry,
                ENTRY + " and (?::text is null or d.state = ?) order by d.id desc limit ? offset ?", hook, name(state),
                name(state), size, offset));
    }

    /** Newest first, those with smaller numbers. */
    List<Entry> before(long hook, Delivery.@Nullable State state, long id, int most) {
        return database.with(connection -> Database.list(connection, DeliveryLog::entry,
                ENTRY + " and (?::text is null or d.state = ?) and d.id < ? order by d.id desc limit ?", hook, name(state),
                name(state), id, most));
    }

    /** @throws NoSuchWebhook when the webhook has none of that number */
    Whole get(long hook, long id) {
        return database.inTransaction(connection -> {
            Entry entry = Database.list(connection, DeliveryLog::entry, ENTRY + " and d.id = ?", hook, id).stream().findFirst()
                    .orElseThrow(NoSuchWebhook::delivery);
            String body = Database.list(connection, row -> row.getString(1), "select body from webhook_event where id = ?",
                    entry.eventId).getFirst();
            List<Attempt> attempts = Database.list(connection, row -> new Attempt(row.getInt("number"),
                    row.getTimestamp("at").toInstant(), row.getInt("millis"), row.getObject("status", Integer.class),
                    row.getString("fault"), row.getString("answer")),
                    "select * from webhook_attempt where delivery = ? order by number desc", id);
            return new Whole(entry, body, attempts);
        });
    }

    /** What is due by now and that nobody sends. @param since of the one that waits longest, null for none */
    record Due(long count, @Nullable Instant since) {
    }

    Due due(Instant now) {
        return database.with(connection -> Database.list(connection,
                row -> new Due(row.getLong(1), Database.instant(row, "since")), """
                        select count(*), min(d.next_at) as since from webhook_delivery d join webhook w on w.id = d.webhook
                        where d.state = 'PENDING' and w.state = 'ON' and d.next_at <= ?
                        and (d.claimed_until is null or d.claimed_until < clock_timestamp())""", now).getFirst());
    }

    /** Deliveries, and events with them, that are older than this. */
    void forget(Instant now, Duration keep) {
        Instant before = now.minus(keep);
        database.inTransaction(connection -> {
            Database.update(connection, "delete from webhook_delivery where created_at < ?", before);
            Database.update(connection, """
                    delete from webhook_event e where e.at < ?
                    and not exists (select 1 from webhook_delivery d where d.event = e.id)""", before);
            Database.update(connection, "delete from webhook_budget where day < (?::timestamptz)::date - 2", now);
            return true;
        });
    }

    private static Entry entry(ResultSet row) throws SQLException {
        return new Entry(row.getLong("id"), row.getString("event"), EventType.named(row.getString("type")),
                row.getTimestamp("at").toInstant(), Courier.delivery(row), row.getTimestamp("created_at").toInstant(),
                row.getObject("status", Integer.class), row.getString("fault"), Database.instant(row, "last_at"));
    }

    private static @Nullable String name(Delivery.@Nullable State state) {
        return state == null ? null : state.name();
    }
}
