package farthing.blob;

import java.nio.file.Path;

import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

import org.eclipse.microprofile.config.inject.ConfigProperty;

class BlobBeans {

    @Produces
    @Singleton
    Blobs blobs(@ConfigProperty(name = "farthing.data") Path data) {
        return new FileBlobs(data.resolve("blobs"));
    }
}
