package farthing.chain;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/**
 * The vault's events as this database mirrors them, so that nobody asks the chain inside a request. After a re-org of any depth
 * events are simply other ones: whoever books from them compares what they say now with what is booked.
 */
public interface ChainLog {

    /** Empty until the chain was read for the first time. */
    Optional<ChainPosition> position(Connection connection) throws SQLException;

    /** Every line that was ever opened on the mirrored chain, unfinalized ones included. */
    List<Integer> lines(Connection connection) throws SQLException;

    /** Oldest first. */
    List<Logged<?>> ofLine(Connection connection, int line) throws SQLException;

    /** {@link VaultEvent.LineOpened} by this owner, oldest first. */
    List<Logged<VaultEvent.LineOpened>> openedBy(Connection connection, Address owner) throws SQLException;

    /** {@link VaultEvent.Withdrawn} and {@link VaultEvent.PayoutChosen} of this account, oldest first. */
    List<Logged<?>> ofPayee(Connection connection, Address payee) throws SQLException;

    /** {@link VaultEvent.Withdrawn} from this block on, whoever the payee is, oldest first. */
    List<Logged<VaultEvent.Withdrawn>> withdrawnFrom(Connection connection, long block) throws SQLException;

    /** {@link VaultEvent.Posted} and {@link VaultEvent.Voided} from this sequence number on, oldest first. */
    List<Logged<?>> batchesFrom(Connection connection, long seq) throws SQLException;
}
