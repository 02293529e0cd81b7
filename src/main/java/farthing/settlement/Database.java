package farthing.settlement;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

import javax.sql.DataSource;

import org.jspecify.annotations.Nullable;

/** Plain JDBC transactions. One whose outcome is unknown does no harm here: whoever comes next looks at what is there. */
final class Database {

    private final DataSource source;

    Database(DataSource source) {
        this.source = source;
    }

    interface Work<T extends @Nullable Object> {
        T in(Connection connection) throws SQLException;
    }

    interface Read<T> {
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

    <T extends @Nullable Object> T read(Work<T> work) {
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
            statement.setObject(i + 1, values[i]);
        }
        return statement;
    }
}
