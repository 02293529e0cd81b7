package farthing.webhook;

import java.net.URI;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import farthing.identity.AccountId;

/**
 * A webhook without its secrets.
 *
 * @param changedAt when it was made, or last switched on or off
 * @param previousUntil until when the secret before the last rotation signs, too; null without one
 */
record Hook(long id, AccountId account, String name, URI url, Set<EventType> events, Health health, Instant changedAt,
        @Nullable Instant previousUntil, Instant createdAt) {

    static final String COLUMNS = "w.id, w.account, w.name, w.url, w.events, w.state, w.failing_since, w.failures,"
            + " w.changed_at, w.previous_until, w.created_at";

    static Hook read(ResultSet row) throws SQLException {
        Set<EventType> events = EnumSet.noneOf(EventType.class);
        Arrays.stream((String[]) row.getArray("events").getArray()).map(EventType::named).forEach(events::add);
        return new Hook(row.getLong("id"), new AccountId(row.getLong("account")), row.getString("name"),
                URI.create(row.getString("url")), events,
                new Health(Health.State.valueOf(row.getString("state")), Database.instant(row, "failing_since"),
                        row.getInt("failures")),
                row.getTimestamp("changed_at").toInstant(), Database.instant(row, "previous_until"),
                row.getTimestamp("created_at").toInstant());
    }

    boolean on() {
        return health.state() == Health.State.ON;
    }

    /** In the order of the choices. */
    List<String> eventNames() {
        return EventType.choices().stream().filter(events::contains).map(type -> type.wireName).toList();
    }
}
