package farthing.metering;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import farthing.ledger.LineId;

/** The table through which all instances learn which lines take no new calls. */
final class FrozenLines {

    private FrozenLines() {
    }

    static void freeze(Connection connection, LineId line, FreezeReason reason, Instant now) throws SQLException {
        try (PreparedStatement upsert = connection.prepareStatement("""
                insert into frozen_line (line, reason, since) values (?, ?, ?)
                on conflict (line) do update set reason = excluded.reason where frozen_line.reason <> excluded.reason""")) {
            upsert.setInt(1, line.value());
            upsert.setString(2, reason.name());
            upsert.setTimestamp(3, Timestamp.from(now));
            upsert.executeUpdate();
        }
    }

    static void thaw(Connection connection, LineId line) throws SQLException {
        try (PreparedStatement delete = connection.prepareStatement("delete from frozen_line where line = ?")) {
            delete.setInt(1, line.value());
            delete.executeUpdate();
        }
    }

    static @Nullable FreezeReason reason(Connection connection, LineId line) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select reason from frozen_line where line = ?")) {
            select.setInt(1, line.value());
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? FreezeReason.valueOf(row.getString(1)) : null;
            }
        }
    }

    /** Those of these lines that are frozen: left lines stay so for ever, and nobody here asks for most of them. */
    static Map<LineId, FreezeReason> among(Connection connection, Collection<LineId> lines) throws SQLException {
        try (PreparedStatement select = connection
                .prepareStatement("select line, reason from frozen_line where line = any (?)")) {
            select.setArray(1, connection.createArrayOf("integer", lines.stream().map(LineId::value).toArray()));
            Map<LineId, FreezeReason> frozen = new HashMap<>();
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    frozen.put(new LineId(row.getInt(1)), FreezeReason.valueOf(row.getString(2)));
                }
            }
            return frozen;
        }
    }
}
