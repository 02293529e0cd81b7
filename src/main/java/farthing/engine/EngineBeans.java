package farthing.engine;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;

import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

import org.eclipse.microprofile.config.inject.ConfigProperty;

import farthing.artefact.Artefacts;

class EngineBeans {

    @Produces
    @Singleton
    Engines engines(Artefacts artefacts, EngineConfig config, @ConfigProperty(name = "farthing.data") Path data, Clock clock)
            throws IOException {
        var settings = new EngineSettings(config.natives().orElseGet(EngineSettings::installedNatives), data.resolve("engine"),
                config.workers(), config.places(), config.queue(), config.queueTime(), config.loadTime(), config.callTime(),
                config.idleTime(), config.memory().asLongValue());
        return new Engines(artefacts, settings, clock);
    }

    void close(@Disposes Engines engines) {
        engines.close();
    }
}
