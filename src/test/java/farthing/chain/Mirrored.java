package farthing.chain;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

import farthing.TestDatabase;
import farthing.money.Amount;

/** A database that follows a local chain, step by step. */
final class Mirrored {

    final Database database;
    final Mirror mirror;
    final ChainLog log = new MirroredLog();
    final List<ChainAdvanced> advanced = new ArrayList<>();
    private final LocalChain chain;

    Mirrored(LocalChain chain, String name) {
        this(chain, name, new Mirror.Settings(0, 2000, 300));
    }

    Mirrored(LocalChain chain, String name, Mirror.Settings settings) {
        this.chain = chain;
        this.database = new Database(TestDatabase.separate(name));
        this.mirror = new Mirror(chain.node(), database, chain.deployment, settings, advanced::add);
    }

    static Mirrored empty(LocalChain chain, String name) throws SQLException {
        return empty(chain, name, new Mirror.Settings(0, 2000, 300));
    }

    static Mirrored empty(LocalChain chain, String name, Mirror.Settings settings) throws SQLException {
        Mirrored mirrored = new Mirrored(chain, name, settings);
        mirrored.database.inTransaction(connection -> connection.createStatement().execute(
                "truncate chain_position, chain_block, chain_event, chain_transaction, chain_signed, chain_nonce"));
        return mirrored;
    }

    void catchUp() throws NodeFailed, SQLException {
        while (mirror.step()) {
            // Further.
        }
    }

    ChainPosition position() throws SQLException {
        return database.read(log::position).orElseThrow();
    }

    List<Integer> lines() throws SQLException {
        return database.read(log::lines);
    }

    List<Logged<?>> ofLine(int line) throws SQLException {
        return database.read(connection -> log.ofLine(connection, line));
    }

    Amount deposited(int line) throws SQLException {
        return Amount.sum(ofLine(line).stream().map(Logged::event).filter(VaultEvent.Deposited.class::isInstance)
                .map(event -> ((VaultEvent.Deposited) event).amount()).toList());
    }

    /** The mirror has the chain's own events, each once and in their order, and no block that the chain has not. */
    void check() throws NodeFailed, SQLException {
        Node node = chain.honest();
        List<String> onChain = node.logs(chain.deployment.vault(), 0, node.latest().number()).stream()
                .map(log -> log.getBlockNumber() + " " + log.getBlockHash() + " " + log.getLogIndex() + " "
                        + log.getTransactionHash() + " " + log.getTopics() + " " + log.getData())
                .toList();
        assertThat(rows("""
                select b.number || ' ' || b.hash || ' ' || e.index || ' ' || e.transaction || ' ['
                    || array_to_string(e.topics, ', ') || '] ' || e.data
                from chain_event e join chain_block b on b.number = e.block order by e.block, e.index"""))
                .isEqualTo(onChain);
        for (String block : rows("select number || ' ' || hash from chain_block order by number")) {
            String[] parts = block.split(" ");
            long number = Long.parseLong(parts[0]);
            // Of an anvil that has loaded a state, block 0 is another than the one that its block 1 follows.
            assertThat(number == 0 ? node.block(1).map(Node.Block::parent) : node.block(number).map(Node.Block::hash))
                    .as("the chain's block " + number).contains(parts[1]);
        }
        assertThat(position().head()).isEqualTo(node.latest().ref());
    }

    List<String> rows(String sql) throws SQLException {
        return database.read(connection -> {
            List<String> rows = new ArrayList<>();
            try (var found = connection.createStatement().executeQuery(sql)) {
                while (found.next()) {
                    rows.add(found.getString(1));
                }
            }
            return rows;
        });
    }
}
