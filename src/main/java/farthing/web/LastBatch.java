package farthing.web;

import java.time.Instant;
import java.util.Optional;

/** The newest settled batch, for the footer. */
public record LastBatch(long seq, Instant at) {

    /** Implemented where batches are made. */
    public interface Source {

        Optional<LastBatch> lastBatch();
    }
}
