package farthing.settlement;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

import javax.sql.DataSource;

import jakarta.inject.Singleton;

import farthing.chain.Deployment;
import farthing.metering.Settled;

/** Which receipts stand in which batch. */
@Singleton
class SettledReceipts implements Settled {

    private final Database database;

    private final String node;

    SettledReceipts(DataSource source, Deployment deployment) {
        this.database = new Database(source);
        // A chain that only we know of must be named.
        this.node = deployment.publicRpc() == null ? "" : " --rpc " + deployment.publicRpc();
    }

    @Override
    public String node() {
        return node;
    }

    @Override
    public Map<Long, Integer> upTo(Connection connection, Collection<Long> leases) throws SQLException {
        Map<Long, Integer> upTo = new HashMap<>();
        Database.list(connection, row -> upTo.put(row.getLong(1), row.getInt(2)),
                "select lease, next_seq from settled_lease where lease = any (?)",
                connection.createArrayOf("bigint", leases.toArray()));
        return upTo;
    }

    @Override
    public Optional<InBatch> batchOf(long lease, int seq) {
        return database.read(connection -> find(connection, lease, seq))
                .map(batch -> new InBatch(batch.seq(), batch.state().name().toLowerCase(), batch.transaction(), batch.block()));
    }

    @Override
    public long inFinalBatches(Connection connection, Collection<Stretch> stretches) throws SQLException {
        return Database.list(connection, row -> row.getLong(1), """
                select coalesce(sum(least(s.first_seq + s.count - 1, t.last) - greatest(s.first_seq, t.first) + 1), 0)
                from unnest(?::bigint[], ?::integer[], ?::integer[]) t (lease, first, last)
                join batch_section s on s.lease = t.lease and s.first_seq <= t.last and s.first_seq + s.count > t.first
                join batch b on b.id = s.batch and b.state = 'FINAL'""",
                connection.createArrayOf("bigint", stretches.stream().map(Stretch::lease).toArray()),
                connection.createArrayOf("integer", stretches.stream().map(Stretch::first).toArray()),
                connection.createArrayOf("integer", stretches.stream().map(Stretch::last).toArray())).getFirst();
    }

    static Optional<Batch> find(Connection connection, long lease, int seq) throws SQLException {
        return BatchRows.batches(connection, " where state in " + BatchState.LIVE + """
                and id in (select batch from batch_section where lease = ? and first_seq <= ? and first_seq + count > ?
                           order by first_seq desc)""", lease, seq, seq).stream().findFirst();
    }
}
