package farthing.market;

import java.nio.file.Path;
import java.util.Optional;

import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

import org.eclipse.microprofile.config.inject.ConfigProperty;

import farthing.artefact.Artefacts;
import farthing.blob.Blobs;
import farthing.blob.BlobsAddress;
import farthing.blob.FileBlobs;

/** Makes the parts that know nothing of the container. */
class Parts {

    @Produces
    @Singleton
    Blobs blobs(@ConfigProperty(name = "farthing.data") Path data,
            @ConfigProperty(name = "farthing.blobs.url") Optional<String> url) {
        return url.filter(given -> !given.isBlank()).map(given -> BlobsAddress.of(given).open(data.resolve("blob-cache")))
                .orElseGet(() -> new FileBlobs(data.resolve("blobs")));
    }

    @Produces
    @Singleton
    Artefacts artefacts(Blobs blobs) {
        return new Artefacts(blobs);
    }
}
