package farthing.metering;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;

import org.jboss.logging.Logger;

/**
 * The servers that share the database, and which of them live. Whether one does is told by the database's clock alone: those of
 * the servers may differ.
 */
final class Instances {

    private static final Logger LOG = Logger.getLogger(Instances.class);

    private final Database database;
    private final Duration deadAfter;
    private final Duration recallPatience;
    private final long own;
    private volatile int others;

    /**
     * @param deadAfter an instance not seen for this long is dead
     * @param recallPatience how long one is waited for that is asked for what it holds
     */
    Instances(Database database, Duration deadAfter, Duration recallPatience, long own) {
        this.database = database;
        this.deadAfter = deadAfter;
        this.recallPatience = recallPatience;
        this.own = own;
    }

    /** The number of this one. */
    long own() {
        return own;
    }

    Duration recallPatience() {
        return recallPatience;
    }

    /** How many others lived at the last heartbeat. */
    int others() {
        return others;
    }

    /** Tells the others that this instance lives. */
    void heartbeat() {
        database.inTransaction(connection -> {
            try (PreparedStatement upsert = connection.prepareStatement("""
                    insert into instance (id, started_at, seen_at) values (?, clock_timestamp(), clock_timestamp())
                    on conflict (id) do update set seen_at = excluded.seen_at""")) {
                upsert.setLong(1, own);
                upsert.executeUpdate();
            }
            others = count(connection);
            return true;
        });
    }

    private int count(Connection connection) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "select count(*) from instance where id <> ? and seen_at > clock_timestamp() - ? * interval '1 millisecond'")) {
            select.setLong(1, own);
            select.setLong(2, deadAfter.toMillis());
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getInt(1);
            }
        }
    }

    /** What dead instances have locked in the database is free from now on. */
    void endSessionsUnseenFor(Duration unseen) {
        int ended = database.inTransaction(connection -> Sessions.endOfDead(connection, own, unseen));
        if (ended > 0) {
            LOG.warnf("ended %d database sessions of servers that were not seen for %s", ended, unseen);
        }
    }

    /** The database's time before which a heartbeat was the last of one that is dead by now. */
    Instant unseenSince(Connection connection, Duration unseen) throws SQLException {
        try (PreparedStatement select = connection
                .prepareStatement("select clock_timestamp() - ? * interval '1 millisecond'")) {
            select.setLong(1, unseen.toMillis());
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getTimestamp(1).toInstant();
            }
        }
    }
}
