package farthing.artefact;

import java.time.Instant;

import org.jspecify.annotations.Nullable;

import farthing.blob.Digest;

/**
 * A file that its owner sends or has sent.
 *
 * @param fileName as its owner calls it: text to show, never a path
 * @param size bytes that it will have
 * @param received bytes that are here
 * @param digest SHA-256 of the whole, once {@link State#COMPLETE}
 * @param refusal one sentence for the owner, when {@link State#REFUSED}
 * @param expiresAt when it vanishes, unless it goes on or is published
 */
public record Upload(UploadId id, String fileName, long size, long received, State state, @Nullable Digest digest,
        @Nullable String refusal, Instant expiresAt) {

    public enum State {
        RECEIVING,
        /** Whole, and among the blobs under its digest. */
        COMPLETE,
        /** Not what it should be; its bytes are deleted. */
        REFUSED,
        /** Part of a version, and so kept for good. */
        PUBLISHED
    }
}
