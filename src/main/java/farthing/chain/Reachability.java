package farthing.chain;

import java.time.Clock;
import java.time.Instant;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

/** Remembers whether the node answered when it was last asked. */
final class Reachability implements ChainStatus {

    private final Clock clock;
    private volatile Instant answered;
    private volatile @Nullable Away away;

    Reachability(Clock clock) {
        this.clock = clock;
        this.answered = clock.instant();
    }

    void answered() {
        answered = clock.instant();
        away = null;
    }

    void failed(String fault) {
        away = new Away(answered, fault);
    }

    @Override
    public Optional<Away> away() {
        return Optional.ofNullable(away);
    }
}
