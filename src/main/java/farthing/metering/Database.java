package farthing.metering;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;

import javax.sql.DataSource;

import org.jspecify.annotations.Nullable;

/** Plain JDBC transactions that tell a failure from an unknown outcome. */
final class Database {

    private static final Set<String> PASSING = Set.of("08", "40", "53", "55", "57", "58");

    /** A server that is cut off says nothing at all; without this one writer would wait for it for hours. */
    private static final int ANSWERED_WITHIN_MILLIS = 10_000;

    private final DataSource source;

    Database(DataSource source) {
        this.source = source;
    }

    interface Work<T extends @Nullable Object> {
        T in(Connection connection) throws SQLException;
    }

    /** Nothing was written. */
    static class Failed extends RuntimeException {

        private final boolean passing;

        Failed(SQLException cause) {
            super(cause);
            passing = mayPass(cause);
        }

        /** Whether the same work may succeed when it is tried again. */
        boolean isPassing() {
            return passing;
        }
    }

    /** The commit was sent and its answer did not arrive: it may or may not be durable. */
    static class OutcomeUnknown extends RuntimeException {
        OutcomeUnknown(Throwable cause) {
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
            int timeout = connection.getNetworkTimeout();
            connection.setNetworkTimeout(Runnable::run, ANSWERED_WITHIN_MILLIS);
            connection.setAutoCommit(false);
            try {
                T result = work.in(connection);
                committing = true;
                connection.commit();
                return result;
            } catch (Throwable e) {
                rollBack(connection, e);
                throw e;
            } finally {
                restore(connection, timeout);
            }
        } catch (SQLException e) {
            throw committing && !isRefusal(e) ? new OutcomeUnknown(e) : new Failed(e);
        } catch (RuntimeException | Error e) {
            if (committing) {
                throw new OutcomeUnknown(e);
            }
            throw e;
        }
    }

    private static void rollBack(Connection connection, Throwable cause) {
        try {
            connection.rollback();
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }

    private static void restore(Connection connection, int timeout) {
        try {
            connection.setAutoCommit(true);
            connection.setNetworkTimeout(Runnable::run, timeout);
        } catch (SQLException broken) {
            // The pool throws it away, and what it has confirmed before stays confirmed.
        }
    }

    /** Runs reads outside a transaction. */
    <T extends @Nullable Object> T read(Work<T> work) {
        try (Connection connection = source.getConnection()) {
            int timeout = connection.getNetworkTimeout();
            connection.setNetworkTimeout(Runnable::run, ANSWERED_WITHIN_MILLIS);
            try {
                return work.in(connection);
            } finally {
                connection.setNetworkTimeout(Runnable::run, timeout);
            }
        } catch (SQLException e) {
            throw new Failed(e);
        }
    }

    /**
     * Whether a commit that failed so was certainly not made: a constraint checked at its end, a serialization failure, a
     * trigger's
     * own exception. Anything else, 40003 "completion unknown" included, leaves it open.
     */
    private static boolean isRefusal(SQLException e) {
        String state = e.getSQLState();
        return state != null && !state.equals("40003")
                && (state.startsWith("23") || state.startsWith("40") || state.startsWith("P0"));
    }

    /** The server is away, short of something or changing hands, or two transactions met; none of these is the work's fault. */
    private static boolean mayPass(SQLException e) {
        String state = e.getSQLState();
        // No state: the pool had no connection to give.
        return state == null || PASSING.contains(state.substring(0, 2)) || state.equals("25006");
    }
}
