package farthing.inference;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import farthing.web.Problem;

/**
 * The database is away, full or changing hands, and the call needed it before it ran: what a call is charged is stored by the
 * metering, which knows more.
 */
class DatabaseAway extends Problem {

    private static final Set<String> PASSING = Set.of("08", "40", "53", "55", "57", "58");
    private static final int DEEPEST = 12;

    DatabaseAway() {
        super(503, "database_away",
                "The database does not answer at the moment; this call was not charged. Try again shortly.");
    }

    @Override
    public Optional<Duration> retryAfter() {
        return Optional.of(Duration.ofSeconds(1));
    }

    static boolean causes(Throwable thrown) {
        return causes(thrown, 0);
    }

    /** A transaction that could not be committed has what broke it among the suppressed. */
    private static boolean causes(@Nullable Throwable at, int depth) {
        return at != null && depth < DEEPEST && (at instanceof SQLException e && passes(e.getSQLState())
                || causes(at.getCause(), depth + 1)
                || Stream.of(at.getSuppressed()).anyMatch(suppressed -> causes(suppressed, depth + 1)));
    }

    /** Without a state the pool had no connection to give. */
    private static boolean passes(@Nullable String state) {
        return state == null || state.length() >= 2 && PASSING.contains(state.substring(0, 2));
    }
}
