package farthing.metering;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;

import jakarta.inject.Singleton;

import io.agroal.api.AgroalPoolInterceptor;

/**
 * The database sessions of this instance, which bear its name. One that stalls in the middle of a transaction keeps its
 * rows locked for as long as its connections live, so whoever takes over from a dead instance ends those first.
 */
@Singleton
class Sessions implements AgroalPoolInterceptor {

    private static final String PREFIX = "farthing-";

    private final long instance = LeaseId.random().value();

    /** The number that this process has among the servers of the database, anew at each start. */
    long instance() {
        return instance;
    }

    @Override
    public void onConnectionCreate(Connection connection) {
        try (Statement statement = connection.createStatement()) {
            statement.execute("set application_name = '" + PREFIX + instance + "'");
        } catch (SQLException e) {
            throw new Database.Failed(e);
        }
    }

    /** Ends the sessions of instances that were not seen for so long; their transactions are rolled back. */
    static int endOfDead(Connection connection, long own, Duration unseen) throws SQLException {
        try (PreparedStatement end = connection.prepareStatement("""
                select pg_terminate_backend(a.pid) from pg_stat_activity a join instance i on a.application_name = ? || i.id
                where i.id <> ? and a.datname = current_database()
                and i.seen_at <= clock_timestamp() - ? * interval '1 millisecond'""")) {
            end.setString(1, PREFIX);
            end.setLong(2, own);
            end.setLong(3, unseen.toMillis());
            int ended = 0;
            try (var row = end.executeQuery()) {
                while (row.next()) {
                    ended++;
                }
            }
            return ended;
        }
    }
}
