package farthing.artefact;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

@ConfigMapping(prefix = "farthing.upload")
interface UploadConfig {

    /** Bytes of an account's uploads that are not published, announced ones included. */
    @WithDefault("2G")
    MemorySize quota();

    /** Bytes of one file. */
    @WithDefault("2G")
    MemorySize largest();

    /** Uploads of an account that may be under way at once. */
    @WithDefault("16")
    int underWay();

    /** How long an upload waits for its next byte, or, complete, for being published. */
    @WithDefault("24h")
    Duration waits();

    /** Where the bytes lie until all are here; several servers may share one. Default: {@code uploads} in the data folder. */
    Optional<Path> folder();
}
