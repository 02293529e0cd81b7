package farthing.inference;

import java.time.Duration;
import java.util.OptionalInt;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** {@code FARTHING_CALLS_*}: how calls take turns before they are read. */
@ConfigMapping(prefix = "farthing.calls")
interface AdmissionConfig {

    /** Calls that are read at once, and as many that are answered; the processors if it is not set. */
    OptionalInt atOnce();

    /** Further calls of one API key that may wait for that. */
    @WithDefault("10000")
    int waiting();

    /** Further calls of all keys that may wait for that. */
    @WithDefault("20000")
    int waitingInAll();

    /** How long each. */
    @WithDefault("30s")
    Duration waitTime();
}
