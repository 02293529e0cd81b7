package farthing.metering;

import java.sql.Connection;
import java.sql.SQLException;

import javax.sql.DataSource;

import org.jspecify.annotations.Nullable;

/** Plain JDBC transactions that tell a failure from an unknown outcome. */
final class Database {

    private final DataSource source;

    Database(DataSource source) {
        this.source = source;
    }

    interface Work<T extends @Nullable Object> {
        T in(Connection connection) throws SQLException;
    }

    /** Nothing was written. */
    static class Failed extends RuntimeException {

        private final boolean connectionLost;

        Failed(SQLException cause) {
            super(cause);
            connectionLost = isUnanswered(cause);
        }

        boolean isConnectionLost() {
            return connectionLost;
        }
    }

    /** The commit was sent and its answer did not arrive: it may or may not be durable. */
    static class OutcomeUnknown extends RuntimeException {
        OutcomeUnknown(SQLException cause) {
            super(cause);
        }
    }

    /**
     * Runs the work in one transaction and commits it.
     *
     * @throws Failed when nothing was written
     * @throws OutcomeUnknown when that cannot be told
     */
    <T extends @Nullable Object> T inTransaction(Work<T> work) {
        boolean committing = false;
        try (Connection connection = source.getConnection()) {
            connection.setAutoCommit(false);
            try {
                T result = work.in(connection);
                committing = true;
                connection.commit();
                return result;
            } finally {
                if (!committing) {
                    connection.rollback();
                }
                connection.setAutoCommit(true);
            }
        } catch (SQLException e) {
            throw committing && isUnanswered(e) ? new OutcomeUnknown(e) : new Failed(e);
        }
    }

    /** Runs reads outside a transaction. */
    <T extends @Nullable Object> T read(Work<T> work) {
        try (Connection connection = source.getConnection()) {
            return work.in(connection);
        } catch (SQLException e) {
            throw new Failed(e);
        }
    }

    /** A server's own refusal (SQLSTATE 23, 40, …) is an answer; a broken connection (08, 57P) or a full pool is none. */
    private static boolean isUnanswered(SQLException e) {
        String state = e.getSQLState();
        return state == null || state.startsWith("08") || state.startsWith("57");
    }
}
