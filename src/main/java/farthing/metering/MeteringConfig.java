package farthing.metering;

import java.nio.file.Path;
import java.time.Duration;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

@ConfigMapping(prefix = "farthing.metering")
interface MeteringConfig {

    /** How long the writer waits for more charges before it commits. */
    @WithDefault("2ms")
    Duration linger();

    /** The most charges in one commit. */
    @WithDefault("500")
    int commitSize();

    /** The most charges that may wait; more are refused with 503. */
    @WithDefault("10000")
    int queue();

    /** How long calls wait for a database that does not answer before they fail uncharged. */
    @WithDefault("5s")
    Duration patience();

    /** Where this server writes down of which charges it does not know the outcome. */
    @WithDefault("${farthing.data}/doubts")
    Path doubts();

    /** Nanos that a lease takes from its line at a time, unless a call needs more. */
    @WithDefault("100000000")
    long leaseChunk();

    /** How long a lease may lie unused before its line gets it back. */
    @WithDefault("30s")
    Duration idle();

    /** An instance not seen for this long is dead: its leases are recovered and its commits fenced. */
    @WithDefault("15s")
    Duration deadAfter();

    /** How long a call waits for what another server holds of its budget; one that lives looks ten times a second. */
    @WithDefault("2s")
    Duration recallPatience();

    /**
     * How long after the end of a lease no batch takes what its server has not said it knows of: so long has one that was
     * cut off or killed to come back and take back what it could not answer.
     */
    @WithDefault("10m")
    Duration doubted();

    /** True where no other instance can be alive, so that leases found at the start are recovered at once. */
    @WithDefault("false")
    boolean soleInstance();
}
