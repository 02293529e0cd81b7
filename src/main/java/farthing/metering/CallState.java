package farthing.metering;

import java.util.Locale;
import java.util.Optional;

/** What became of a charged call. */
enum CallState {
    CHARGED,
    /** Its stream was left by the caller: charged for what was delivered. */
    ABANDONED,
    /** Its charge was given back. */
    REVERSED;

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Optional<CallState> named(String word) {
        for (CallState state : values()) {
            if (state.word().equals(word)) {
                return Optional.of(state);
            }
        }
        return Optional.empty();
    }
}
