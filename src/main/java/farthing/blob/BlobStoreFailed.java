package farthing.blob;

import org.jspecify.annotations.Nullable;

import farthing.web.Problem;

/** The bucket did not do what it was asked. */
final class BlobStoreFailed extends Problem {

    BlobStoreFailed(String message, @Nullable Throwable cause) {
        super(503, "model_store_failed", message, cause);
    }
}
