package farthing.blob;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;

/** Content-addressed, write-once files. */
public interface Blobs {

    /** Stores everything the stream holds and names it; storing the same content again changes nothing. */
    Digest put(InputStream content) throws IOException;

    boolean has(Digest digest);

    /** The local, read-only file of this content. It is not checked to exist or to be undamaged: {@code artefact} does that. */
    Path path(Digest digest);

    /** @throws java.nio.file.NoSuchFileException if nothing was stored under this digest */
    InputStream open(Digest digest) throws IOException;
}
