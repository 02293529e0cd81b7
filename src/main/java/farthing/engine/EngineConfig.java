package farthing.engine;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** {@code FARTHING_ENGINE_*}; {@link EngineSettings} says what each one means. */
@ConfigMapping(prefix = "farthing.engine")
interface EngineConfig {

    Optional<String> url();

    Optional<String> secret();

    @WithDefault("tcp://127.0.0.1:9090")
    String listen();

    Optional<Path> natives();

    @WithDefault("8")
    int workers();

    @WithDefault("2")
    int places();

    @WithDefault("64")
    int queue();

    @WithDefault("512")
    int queueInAll();

    @WithDefault("30s")
    Duration queueTime();

    @WithDefault("1m")
    Duration loadTime();

    @WithDefault("5m")
    Duration callTime();

    @WithDefault("15m")
    Duration idleTime();

    @WithDefault("1g")
    MemorySize memory();
}
