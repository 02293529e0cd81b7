package farthing.engine;

import java.time.Duration;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** {@code FARTHING_REMOTE_*}: how remote endpoints are asked. */
@ConfigMapping(prefix = "farthing.remote")
interface RemoteConfig {

    /** Whether an endpoint may be in this server's own networks and speak without TLS. */
    @WithDefault("false")
    boolean allowPrivate();

    /** Calls that run at once per version. */
    @WithDefault("16")
    int places();

    /** How long an endpoint may send nothing before the call fails. */
    @WithDefault("30s")
    Duration silence();
}
