package farthing.settlement;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

import farthing.chain.Address;

/**
 * Keeps batches and withdrawals in line with the chain and builds the next batch. Several servers may do so: one
 * at a time is let in, and a server that ends anywhere leaves nothing half done.
 */
final class Settlement {

    private static final Logger LOG = Logger.getLogger(Settlement.class);
    /** "farthing" in ASCII. */
    static final long LOCK = 0x6661727468696e67L;

    /** Looked after in one go. */
    private static final int PAYEES = 200;

    private final Database database;
    private final BatchStates states;
    private final BatchBuilder builder;
    private final Withdrawals withdrawals;
    private volatile @Nullable Address lookedAfter;

    Settlement(Database database, BatchStates states, BatchBuilder builder, Withdrawals withdrawals) {
        this.database = database;
        this.states = states;
        this.builder = builder;
        this.withdrawals = withdrawals;
    }

    /** The batches' states. */
    void reconcile() {
        database.inTransaction(connection -> {
            if (alone(connection)) {
                states.reconcile(connection);
            }
            return true;
        });
    }

    /** Everything there is to bring in line, then the next batch if one can be built. */
    Optional<Batch> settle() {
        reconcile();
        book(nextPayees());
        database.inTransaction(connection -> {
            // Not while a batch is given up: its leases would be set aside for what was true before.
            if (alone(connection)) {
                BatchRows.setAside(connection);
            }
            return true;
        });
        return database.inTransaction(connection -> {
            if (!alone(connection)) {
                return Optional.empty();
            }
            Optional<Batch> newest = BatchRows.newestLive(connection);
            Optional<Tip> tip = states.tip(connection, newest);
            return tip.isPresent() ? builder.build(connection, tip.get(), newest) : Optional.empty();
        });
    }

    /** All of them in turn: whoever withdraws is booked at once, and this only finds what was missed. */
    private List<Address> nextPayees() {
        Address after = lookedAfter;
        List<Address> next = database.read(connection -> withdrawals.payees(connection, after, PAYEES));
        lookedAfter = next.size() < PAYEES ? null : next.getLast();
        return next;
    }

    boolean astray() {
        return states.astray();
    }

    /** What these payees withdrew. */
    void book(Collection<Address> payees) {
        for (Address payee : payees) {
            try {
                database.inTransaction(connection -> {
                    withdrawals.reconcile(connection, payee);
                    return true;
                });
            } catch (RuntimeException e) {
                LOG.errorf(e, "the withdrawals of %s are not booked; they are tried again", payee);
            }
        }
    }

    private static boolean alone(Connection connection) throws SQLException {
        return Database.list(connection, row -> row.getBoolean(1), "select pg_try_advisory_xact_lock(?)", LOCK).getFirst();
    }
}
