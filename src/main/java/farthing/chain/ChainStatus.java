package farthing.chain;

import java.time.Instant;
import java.util.Optional;

/** Whether the chain answers, for pages and readiness; from memory, never by asking it. */
public interface ChainStatus {

    /** @param since when it last answered @param fault one sentence */
    record Away(Instant since, String fault) {
    }

    /** Empty while it answers. */
    Optional<Away> away();
}
