package farthing.identity;

import java.time.Duration;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

@ConfigMapping(prefix = "farthing.playground")
interface PlaygroundConfig {

    /** How long a playground's key lasts. */
    @WithDefault("1h")
    Duration keyLifetime();

    /** Nanos: what it may spend in all. */
    @WithDefault("500000000")
    long keyLimit();
}
