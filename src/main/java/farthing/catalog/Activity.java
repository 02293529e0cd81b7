package farthing.catalog;

import java.time.Instant;
import java.time.LocalDate;
import java.util.Collection;
import java.util.List;

/**
 * How the calls of versions went, by day (UTC). Figures to choose by, some seconds late and, after a crash, some calls short:
 * what was charged, the receipts say. Implemented where calls are metered.
 */
public interface Activity {

    /**
     * @param answered calls
     * @param failed calls that broke through a fault of ours, the engine's or the upstream's; refused ones are in neither
     * @param latency of the answered calls, whole answers
     * @param firstToken of those that generate text
     */
    record Day(VersionId version, LocalDate day, long answered, long failed, Durations latency, Durations firstToken) {
    }

    /** Oldest day first; days without calls are left out. */
    List<Day> of(Collection<VersionId> versions, LocalDate from);

    /** Those with calls that were counted since. */
    List<VersionId> activeSince(Instant moment);
}
