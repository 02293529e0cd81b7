package farthing.settlement;

import java.net.URI;
import java.time.Duration;
import java.util.List;

import javax.sql.DataSource;

import farthing.chain.Deployment;
import farthing.metering.Settled;

/** Batches without a chain or a file, for tests of other packages that ask what is settled. */
public final class BatchesByHand {

    /** A run of receipts of one lease, as batches hold them. */
    public record Run(long lease, int first, int count) {
    }

    private final DataSource source;

    public BatchesByHand(DataSource source) {
        this.source = source;
    }

    /** The one of the server, on this database. */
    public Settled settled() {
        return new SettledReceipts(source, new Deployment(31337, World.address(0x71), World.address(0x72),
                World.address(0x73), World.address(0x74), URI.create("http://127.0.0.1:1"), null, Duration.ofMinutes(1),
                Duration.ofDays(2)));
    }

    /** @param state as the database has it, such as {@code FINAL} */
    public void add(String state, Run... runs) {
        new Database(source).inTransaction(connection -> {
            long id = Database.list(connection, row -> row.getLong(1), """
                    insert into batch (seq, parent, state, prev_hash, history_hash, receipts_root, manifest, built_at, receipts,
                        charges, debits, credits, available_after, payees)
                    select coalesce(max(seq), 0) + 1, 0, ?, '', '', '', repeat('0', 64), now(), 1, 0, 0, 0, 0, 0 from batch
                    returning id""", state).getFirst();
            BatchRows.insertSections(connection, id, List.of(runs).stream()
                    .map(run -> new BatchRows.Section(1, run.lease(), run.first(), run.count())).toList());
            return true;
        });
    }

    public void removeAll() {
        new Database(source).inTransaction(connection -> Database.update(connection, "truncate batch, batch_section cascade"));
    }
}
