package farthing.chain;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

import org.web3j.protocol.core.methods.response.Log;

/** What the mirror has, read back. */
final class MirroredLog implements ChainLog {

    private static final String EVENTS = """
            select b.number, b.hash, b.at, e.transaction, e.index, b.number <= p.finalized, e.topics, e.data
            from chain_event e join chain_block b on b.number = e.block cross join chain_position p
            where\s""";
    private static final String OLDEST_FIRST = " order by e.block, e.index";

    @Override
    public Optional<ChainPosition> position(Connection connection) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("""
                select b.number, b.hash, b.at, p.finalized from chain_position p
                join chain_block b on b.number = p.head""");
                ResultSet row = select.executeQuery()) {
            return row.next() ? Optional.of(new ChainPosition(MirrorTables.block(row, 1), row.getLong(4))) : Optional.empty();
        }
    }

    @Override
    public List<Integer> lines(Connection connection) throws SQLException {
        try (PreparedStatement select = connection
                .prepareStatement("select line from chain_event where kind = 'LineOpened' and line is not null order by line");
                ResultSet rows = select.executeQuery()) {
            List<Integer> lines = new ArrayList<>();
            while (rows.next()) {
                lines.add((int) rows.getLong(1));
            }
            return lines;
        }
    }

    @Override
    public List<Logged<?>> ofLine(Connection connection, int line) throws SQLException {
        return events(connection, "e.line = ?", Integer.toUnsignedLong(line));
    }

    @Override
    public List<Logged<VaultEvent.LineOpened>> openedBy(Connection connection, Address owner) throws SQLException {
        return typed(connection, "e.kind = 'LineOpened' and e.account = ?", owner.text(), VaultEvent.LineOpened.class);
    }

    @Override
    public List<Logged<?>> ofPayee(Connection connection, Address payee) throws SQLException {
        return events(connection, "e.kind in ('Withdrawn', 'PayoutChosen') and e.account = ?", payee.text());
    }

    @Override
    public List<Logged<VaultEvent.Withdrawn>> withdrawnFrom(Connection connection, long block) throws SQLException {
        return typed(connection, "e.kind = 'Withdrawn' and e.block >= ?", block, VaultEvent.Withdrawn.class);
    }

    @Override
    public List<Logged<?>> batchesFrom(Connection connection, long seq) throws SQLException {
        return events(connection, "e.seq >= ?", seq);
    }

    private static List<Logged<?>> events(Connection connection, String condition, Object value) throws SQLException {
        return List.copyOf(typed(connection, condition, value, VaultEvent.class));
    }

    private static <E extends VaultEvent> List<Logged<E>> typed(Connection connection, String condition, Object value,
            Class<E> type) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(EVENTS + condition + OLDEST_FIRST)) {
            select.setObject(1, value);
            List<Logged<E>> events = new ArrayList<>();
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    E event = type.cast(VaultEvents.decode(log(rows)).orElseThrow());
                    events.add(new Logged<>(event, MirrorTables.block(rows, 1), rows.getString(4), rows.getInt(5),
                            rows.getBoolean(6)));
                }
            }
            return events;
        }
    }

    private static Log log(ResultSet row) throws SQLException {
        Log log = new Log();
        Array topics = row.getArray(7);
        log.setTopics(List.of((String[]) topics.getArray()));
        log.setData(row.getString(8));
        return log;
    }
}
