package farthing.chain;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;

/** The outbox as the others see it. */
final class QueuedTransactions implements Transactions {

    private final OutboxTables tables = new OutboxTables();
    private final Map<Address, SigningKey> keys;
    private final Runnable nudge;

    /** @param nudge tells the one who works the outbox off that there may be something soon */
    QueuedTransactions(Map<Address, SigningKey> keys, Runnable nudge) {
        this.keys = keys;
        this.nudge = nudge;
    }

    @Override
    public void queue(Connection connection, String purpose, Address key, Call call) throws SQLException {
        tables.queue(connection, purpose, key, call);
        nudge.run();
    }

    @Override
    public Optional<Sent> find(Connection connection, String purpose) throws SQLException {
        return tables.find(connection, purpose);
    }

    @Override
    public boolean withdraw(Connection connection, String purpose) throws SQLException {
        return tables.withdraw(connection, purpose);
    }

    @Override
    public void know(SigningKey key) {
        keys.put(key.address(), key);
        nudge.run();
    }
}
