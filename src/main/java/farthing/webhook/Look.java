package farthing.webhook;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** How far the facts of one kind were looked through. Whoever looks holds it, until its transaction ends in any way. */
record Look(String kind, long position, Instant at) {

    /** Empty while somebody else looks. */
    static Optional<Look> begin(Connection connection, String kind) throws SQLException {
        return find(connection, kind, "for update skip locked");
    }

    /** Waits for whoever looks now. */
    static Look await(Connection connection, String kind) throws SQLException {
        return find(connection, kind, "for update").orElseThrow();
    }

    private static Optional<Look> find(Connection connection, String kind, String lock) throws SQLException {
        return Database.list(connection,
                row -> new Look(kind, row.getLong("position"), row.getTimestamp("looked_at").toInstant()),
                "select position, looked_at from webhook_look where kind = ? " + lock, kind).stream().findFirst();
    }

    /** Whether nobody has seen the fact before. */
    boolean sees(Connection connection, String fact, long at) throws SQLException {
        return Database.update(connection,
                "insert into webhook_seen (kind, fact, position) values (?, ?, ?) on conflict (kind, fact) do nothing", kind,
                fact, at) == 1;
    }

    /** @param forgotten facts before it come no more */
    void end(Connection connection, long reached, long forgotten, Instant now) throws SQLException {
        Database.update(connection, "update webhook_look set position = ?, looked_at = ? where kind = ?", reached, now, kind);
        Database.update(connection, "delete from webhook_seen where kind = ? and position < ?", kind, forgotten);
    }

    /** Accounts with a webhook that wants to hear of this. */
    static List<Long> listeners(Connection connection, EventType type) throws SQLException {
        return Database.list(connection, row -> row.getLong(1),
                "select distinct account from webhook where state = 'ON' and ? = any (events) order by account", type.wireName);
    }
}
