package farthing.metering;

import java.time.Duration;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

@ConfigMapping(prefix = "farthing.usage")
interface UsageConfig {

    /**
     * How long calls are kept one by one. A week that is older goes whole once all of it is in final batches; sums, journal and
     * the
     * batches' files stay.
     */
    @WithDefault("400d")
    Duration retention();
}
