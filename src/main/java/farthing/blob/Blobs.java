package farthing.blob;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Content-addressed, write-once files. */
public interface Blobs {

    /** Stores everything the stream holds and names it; storing the same content again changes nothing. */
    Digest put(InputStream content) throws IOException;

    /**
     * Stores a local file whose digest the caller has just computed. The file may be moved in part: it must not be written any
     * more,
     * and the caller deletes it afterwards.
     */
    default void take(Path file, Digest digest) throws IOException {
        try (InputStream content = Files.newInputStream(file)) {
            Digest found = put(content);
            if (!found.equals(digest)) {
                throw new IOException("The content of " + file + " has SHA-256 " + found + " instead of " + digest);
            }
        }
    }

    /** Deletes this content, if it is there. The caller knows that nobody needs it. */
    void delete(Digest digest);

    boolean has(Digest digest);

    /** The local, read-only file of this content. It is not checked to exist or to be undamaged: {@code artefact} does that. */
    Path path(Digest digest);

    /** @throws java.nio.file.NoSuchFileException if nothing was stored under this digest */
    InputStream open(Digest digest) throws IOException;
}
