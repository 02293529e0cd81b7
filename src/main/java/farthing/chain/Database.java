package farthing.chain;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;

import javax.sql.DataSource;

import org.jspecify.annotations.Nullable;

/** Plain JDBC transactions. All that is done here may be done again, so nobody needs to know whether a lost commit was made. */
final class Database {

    private final DataSource source;

    Database(DataSource source) {
        this.source = source;
    }

    interface Work<T extends @Nullable Object> {
        T in(Connection connection) throws SQLException;
    }

    interface Turn<T, E extends Exception> {
        T take() throws E, SQLException;
    }

    <T extends @Nullable Object> T inTransaction(Work<T> work) throws SQLException {
        try (Connection connection = source.getConnection()) {
            connection.setAutoCommit(false);
            try {
                T result = work.in(connection);
                connection.commit();
                return result;
            } catch (Throwable e) {
                rollBack(connection, e);
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        }
    }

    <T extends @Nullable Object> T read(Work<T> work) throws SQLException {
        try (Connection connection = source.getConnection()) {
            return work.in(connection);
        }
    }

    /**
     * Does something that only one server of this database need do at a time; empty while another one does. The
     * turn ends with its connection, whatever happens to the process. What is done must still be right if two did
     * it: a server that is cut off from the database loses its turn without knowing.
     */
    <T, E extends Exception> Optional<T> inTurn(int task, Turn<T, E> turn) throws E, SQLException {
        try (Connection connection = source.getConnection()) {
            connection.setAutoCommit(false);
            try (PreparedStatement lock = connection.prepareStatement("select pg_try_advisory_xact_lock(?, ?)")) {
                lock.setInt(1, 0xFA27);
                lock.setInt(2, task);
                try (ResultSet row = lock.executeQuery()) {
                    if (!row.next() || !row.getBoolean(1)) {
                        return Optional.empty();
                    }
                }
                return Optional.of(turn.take());
            } finally {
                connection.rollback();
                connection.setAutoCommit(true);
            }
        }
    }

    private static void rollBack(Connection connection, Throwable cause) {
        try {
            connection.rollback();
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }
}
