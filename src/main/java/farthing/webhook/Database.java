package farthing.webhook;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

import javax.sql.DataSource;

import org.jspecify.annotations.Nullable;

/**
 * Plain JDBC transactions. One whose outcome is unknown does no harm here: facts are recorded once, deliveries are repeated.
 */
final class Database {

    private final DataSource source;

    Database(DataSource source) {
        this.source = source;
    }

    interface Work<T extends @Nullable Object> {
        T in(Connection connection) throws SQLException;
    }

    interface Read<T extends @Nullable Object> {
        T of(ResultSet row) throws SQLException;
    }

    static class Failed extends RuntimeException {
        Failed(SQLException cause) {
            super(cause);
        }
    }

    <T extends @Nullable Object> T inTransaction(Work<T> work) {
        try (Connection connection = source.getConnection()) {
            connection.setAutoCommit(false);
            try {
                T result = work.in(connection);
                connection.commit();
                return result;
            } catch (Throwable e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        } catch (SQLException e) {
            throw new Failed(e);
        }
    }

    /** One statement, or a part of the transaction that runs already. */
    <T extends @Nullable Object> T with(Work<T> work) {
        try (Connection connection = source.getConnection()) {
            return work.in(connection);
        } catch (SQLException e) {
            throw new Failed(e);
        }
    }

    static <T> List<T> list(Connection connection, Read<T> read, String sql, @Nullable Object... values) throws SQLException {
        try (PreparedStatement select = prepared(connection, sql, values); ResultSet row = select.executeQuery()) {
            List<T> list = new ArrayList<>();
            while (row.next()) {
                list.add(read.of(row));
            }
            return list;
        }
    }

    static int update(Connection connection, String sql, @Nullable Object... values) throws SQLException {
        try (PreparedStatement update = prepared(connection, sql, values)) {
            return update.executeUpdate();
        }
    }

    private static PreparedStatement prepared(Connection connection, String sql, @Nullable Object... values)
            throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        for (int i = 0; i < values.length; i++) {
            Object value = values[i];
            statement.setObject(i + 1, switch (value) {
                case Instant instant -> Timestamp.from(instant);
                case Long[] longs -> connection.createArrayOf("bigint", longs);
                case String[] texts -> connection.createArrayOf("text", texts);
                case null, default -> value;
            });
        }
        return statement;
    }

    static @Nullable Instant instant(ResultSet row, String column) throws SQLException {
        Timestamp time = row.getTimestamp(column);
        return time == null ? null : time.toInstant();
    }
}
