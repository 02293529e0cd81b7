package farthing.artefact;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.UUID;

import jakarta.enterprise.context.ApplicationScoped;

import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

import farthing.artefact.Upload.State;
import farthing.artefact.UploadFolder.ChunkChecksum;
import farthing.artefact.UploadFolder.Writing;
import farthing.blob.Blobs;
import farthing.blob.Digest;
import farthing.identity.AccountId;
import io.quarkus.scheduler.Scheduled;

/**
 * Files that accounts send, in as many requests as it takes (docs/adr/0006). A complete one is among the {@link Blobs} under
 * its
 * digest. What is neither sent further nor published within a day vanishes, its blob too, unless somebody else has the same
 * bytes.
 *
 * <p>
 * What has arrived survives any crash: the offset told to a client never counts a byte that is not on the disk. Bytes of
 * uploads
 * that are not complete lie in one folder; servers that share uploads must share it (FARTHING_UPLOAD_FOLDER), or a client must
 * come back to the same server.
 */
@ApplicationScoped
public class Uploads {

    private static final Logger LOG = Logger.getLogger(Uploads.class);
    /** Left for everything else that writes to the same disk. */
    private static final long RESERVE = 64L << 20;

    private final StoredUploads stored;
    private final UploadFolder folder;
    private final UploadConfig config;
    private final Blobs blobs;

    Uploads(StoredUploads stored, UploadConfig config, Blobs blobs, @ConfigProperty(name = "farthing.data") Path data)
            throws IOException {
        this.stored = stored;
        this.config = config;
        this.blobs = blobs;
        this.folder = new UploadFolder(config.folder().orElse(data.resolve("uploads")));
    }

    /**
     * @throws UploadRefused.NoSuchUpload when there is none, or it is another account's
     * @throws UploadRefused.Gone when it was deleted or has expired
     */
    public Upload get(AccountId account, UploadId id) {
        StoredUpload upload = stored.find(account, id);
        if (!upload.is(State.RECEIVING)) {
            return upload.shown(0);
        }
        try {
            long here = here(upload);
            if (here < upload.size) {
                return upload.shown(here);
            }
            // All bytes came, but the server ended before it could say so.
            try (Writing writing = folder.open(id)) {
                return finish(account, upload, writing);
            } catch (UploadRefused.WrongDigest refused) {
                return stored.find(account, id).shown(0);
            }
        } catch (UploadRefused.Busy busy) {
            return upload.shown(upload.received);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * A complete or published upload.
     *
     * @throws UploadRefused saying why it is not complete
     */
    public Upload complete(AccountId account, UploadId id) {
        Upload upload = get(account, id);
        return switch (upload.state()) {
            case COMPLETE, PUBLISHED -> upload;
            case RECEIVING -> throw new UploadRefused.NotComplete(upload);
            case REFUSED -> throw new UploadRefused.Refused(String.valueOf(upload.refusal()));
        };
    }

    /**
     * From now on the file is part of a version and stays for good. Joins the caller's transaction; doing it again is harmless.
     */
    public void keep(AccountId account, UploadId id) {
        stored.change(account, id, upload -> {
            if (!upload.is(State.COMPLETE) && !upload.is(State.PUBLISHED)) {
                throw new UploadRefused.NotComplete(upload.shown(upload.received));
            }
            upload.published();
        });
    }

    /**
     * The file is not what it has to be: its bytes are deleted, and its owner reads the sentence. A published one stays as it
     * is.
     */
    public void refuse(AccountId account, UploadId id, String sentence) {
        end(account, id, upload -> upload.refused(sentence));
    }

    /** Deletes the file and forgets it. A published one stays as it is. */
    public void discard(AccountId account, UploadId id) {
        stored.find(account, id);
        stored.gone(id.value());
        deleteFile(id);
    }

    private void end(AccountId account, UploadId id, java.util.function.Consumer<StoredUpload> end) {
        stored.find(account, id);
        stored.release(id.value(), end);
        deleteFile(id);
    }

    UploadId create(AccountId account, String fileName, long size, @Nullable Digest announced) throws IOException {
        FileName.checked(fileName);
        if (size == 0) {
            throw new UploadRefused.Empty();
        }
        if (size > config.largest().asLongValue()) {
            throw new UploadRefused.TooLarge(size, config.largest().asLongValue());
        }
        if (folder.free() - RESERVE < size) {
            throw new UploadRefused.DiskFull();
        }
        UploadId id = stored.create(account, folder.place(), fileName, size, announced).uploadId();
        folder.create(id);
        return id;
    }

    /**
     * Appends what the stream brings, and finishes the upload with its last byte.
     *
     * @throws UploadRefused.WrongOffset unless the next byte is expected at this offset
     * @throws UploadRefused.Busy while another request appends
     * @throws UploadFolder.ClientLeft when the stream broke off; what had come stays
     */
    Upload append(AccountId account, UploadId id, long offset, InputStream body, @Nullable ChunkChecksum checksum)
            throws IOException {
        StoredUpload upload = stored.find(account, id);
        if (!upload.is(State.RECEIVING)) {
            if (offset != upload.size || !upload.is(State.COMPLETE)) {
                throw new UploadRefused.WrongOffset(offset, upload.received);
            }
            return upload.shown(0);
        }
        inPlace(upload);
        try (Writing writing = folder.open(id)) {
            if (writing.offset() != offset) {
                throw new UploadRefused.WrongOffset(offset, writing.offset());
            }
            try {
                writing.append(body, upload.size - offset, checksum);
            } finally {
                if (writing.offset() < upload.size) {
                    stored.reached(account, id, writing.offset());
                }
            }
            return writing.offset() < upload.size ? stored.find(account, id).shown(writing.offset())
                    : finish(account, upload, writing);
        } catch (UploadFolder.NotWritten e) {
            LOG.errorf("upload %s of account %d: the disk takes no more (%s)", id, account.value(), e.getMessage());
            discard(account, id);
            throw new UploadRefused.DiskFull();
        } catch (NoSuchFileException e) {
            throw new UploadRefused.Gone(id);
        }
    }

    private Upload finish(AccountId account, StoredUpload upload, Writing writing) throws IOException {
        UploadId id = upload.uploadId();
        Digest digest = writing.digest();
        if (upload.announced != null && !upload.announced.equals(digest.hex())) {
            String sentence = ("The file '%s' arrived with SHA-256 %s, but %s was announced, so it changed on the way or is another"
                    + " file; its bytes are deleted, send it again.").formatted(upload.fileName, digest, upload.announced);
            refuse(account, id, sentence);
            throw new UploadRefused.WrongDigest(sentence);
        }
        stored.name(account, id, digest);
        blobs.take(folder.file(id), digest);
        if (!stored.complete(account, id)) {
            stored.gone(id.value());
        }
        deleteFile(id);
        return stored.find(account, id).shown(0);
    }

    private long here(StoredUpload upload) throws IOException {
        inPlace(upload);
        try {
            return folder.offset(upload.uploadId());
        } catch (NoSuchFileException e) {
            // Finished or deleted by another request meanwhile, or lost with the disk.
            StoredUpload now = stored.find(new AccountId(upload.account), upload.uploadId());
            if (now.is(State.RECEIVING)) {
                stored.gone(upload.id);
                throw new UploadRefused.Gone(upload.uploadId());
            }
            throw new UploadRefused.Busy();
        }
    }

    private void inPlace(StoredUpload upload) {
        if (!upload.place.equals(folder.place())) {
            throw new UploadRefused.Elsewhere();
        }
    }

    private void deleteFile(UploadId id) {
        try {
            folder.delete(id);
        } catch (IOException e) {
            LOG.warnf("upload %s: its file could not be deleted (%s); the next sweep tries again", id, e.getMessage());
        }
    }

    /** Uploads that waited too long vanish, and so do files that belong to none. */
    @Scheduled(every = "10m", delayed = "1m", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    void sweep() {
        for (UUID id : stored.expired()) {
            try {
                stored.gone(id);
                deleteFile(new UploadId(id));
            } catch (RuntimeException e) {
                LOG.warnf("upload %s has expired and could not be deleted (%s); the next sweep tries again", id,
                        e.getMessage());
            }
        }
        stored.forget();
        try {
            for (UploadId id : folder.all()) {
                if (!stored.receiving(id.value())) {
                    deleteFile(id);
                }
            }
        } catch (IOException e) {
            LOG.warnf("the folder of uploads cannot be read (%s); the next sweep tries again", e.getMessage());
        }
    }

    long largest() {
        return config.largest().asLongValue();
    }
}
