package farthing.metering;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

/** What batches hold of the receipts; implemented where batches are made. */
public interface Settled {

    /** For where nothing is settled. */
    Settled NOTHING = new Settled() {

        @Override
        public Map<Long, Integer> upTo(Connection connection, Collection<Long> leases) {
            return Map.of();
        }

        @Override
        public Optional<InBatch> batchOf(long lease, int seq) {
            return Optional.empty();
        }

        @Override
        public long inFinalBatches(Connection connection, Collection<Stretch> stretches) {
            return 0;
        }
    };

    /**
     * Receipts of one lease, one after the other without a gap.
     *
     * @param last the sequence number of the last of them
     * @param calls how many they are
     */
    record Stretch(long lease, int first, int last, long calls) {
    }

    /**
     * The batch of one receipt.
     *
     * @param state on its way: built or sent; on the chain: mined or final
     * @param transaction null unless on the chain, as is the block
     */
    record InBatch(long batch, String state, @Nullable String transaction, @Nullable Long block) {
    }

    /**
     * Of these leases, those of which a batch holds something: the first sequence number that no batch holds. Asked with the
     * rows of the leases locked.
     */
    Map<Long, Integer> upTo(Connection connection, Collection<Long> leases) throws SQLException;

    /** How {@code ./farthing verify} is told of the chain; empty where whoever verifies has a node of it. */
    default String node() {
        return "";
    }

    /** How many receipts of these stretches are in batches that are final; their files are published by then. */
    long inFinalBatches(Connection connection, Collection<Stretch> stretches) throws SQLException;

    /** Empty while the receipt is in no batch. */
    Optional<InBatch> batchOf(long lease, int seq);
}
