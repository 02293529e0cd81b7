package farthing.engine;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Clock;

import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

import org.eclipse.microprofile.config.inject.ConfigProperty;

import farthing.artefact.Artefacts;
import io.vertx.core.Vertx;

class EngineBeans {

    @Produces
    @Singleton
    Engines engines(Artefacts artefacts, EngineConfig config, @ConfigProperty(name = "farthing.data") Path data, Clock clock,
            RemoteEndpoints remote) throws IOException {
        HostAddress host = config.url()
                .map(url -> HostAddress.of("FARTHING_ENGINE_URL", url, config.secret().orElse(""))).orElse(null);
        return new Engines(artefacts, EngineSettings.of(config, data), clock, host, remote);
    }

    @Produces
    @Singleton
    RemoteEndpoints remoteEndpoints(Vertx vertx, RemoteConfig remote, EngineConfig config,
            @ConfigProperty(name = "farthing.data") Path data, RemoteSecrets secrets) {
        return new RemoteEndpoints(vertx, remote, EngineSettings.of(config, data), secrets, InetAddress::getAllByName);
    }

    void close(@Disposes RemoteEndpoints remote) {
        remote.close();
    }

    void close(@Disposes Engines engines) {
        engines.close();
    }
}
