package farthing.artefact;

import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;

import org.jspecify.annotations.Nullable;

import farthing.artefact.Upload.State;
import farthing.blob.Blobs;
import farthing.blob.Digest;
import farthing.identity.AccountId;
import io.quarkus.hibernate.orm.panache.PanacheRepositoryBase;

/** The table of uploads. Every method brings its own transaction, or joins its caller's. */
@ApplicationScoped
@Transactional
class StoredUploads implements PanacheRepositoryBase<StoredUpload, UUID> {

    private static final String BLOB_IN_USE = "digest = ?1 and state in ('RECEIVING', 'COMPLETE', 'PUBLISHED') and id <> ?2";

    private final UploadConfig config;
    private final Blobs blobs;
    private final Clock clock;

    StoredUploads(UploadConfig config, Blobs blobs, Clock clock) {
        this.config = config;
        this.blobs = blobs;
        this.clock = clock;
    }

    StoredUpload create(AccountId account, UUID place, String fileName, long size, @Nullable Digest announced) {
        // Two at once would each see room for itself alone.
        lock("uploads of " + account.value());
        long used = getEntityManager().createQuery(
                "select coalesce(sum(size), 0) from StoredUpload where account = ?1 and state in ('RECEIVING', 'COMPLETE')",
                Long.class).setParameter(1, account.value()).getSingleResult();
        if (count("account = ?1 and state = 'RECEIVING'", account.value()) >= config.underWay()) {
            throw new UploadRefused.TooMany(config.underWay());
        }
        long quota = config.quota().asLongValue();
        if (size > quota - used) {
            throw new UploadRefused.OverQuota(size, used, quota);
        }
        StoredUpload upload = new StoredUpload(account, place, fileName, size, announced, clock.instant(), deadline());
        persist(upload);
        return upload;
    }

    /**
     * @throws UploadRefused.NoSuchUpload when there is none, or it is another account's
     * @throws UploadRefused.Gone when it was there
     */
    StoredUpload find(AccountId account, UploadId id) {
        return present(account, id, LockModeType.NONE);
    }

    StoredUpload change(AccountId account, UploadId id, Consumer<StoredUpload> change) {
        StoredUpload upload = present(account, id, LockModeType.PESSIMISTIC_WRITE);
        change.accept(upload);
        return upload;
    }

    private StoredUpload present(AccountId account, UploadId id, LockModeType mode) {
        StoredUpload upload = findById(id.value(), mode);
        if (upload == null || upload.account != account.value()) {
            throw new UploadRefused.NoSuchUpload(id);
        }
        if (upload.state.equals(StoredUpload.GONE)
                || !upload.is(State.PUBLISHED) && !clock.instant().isBefore(upload.expiresAt)) {
            throw new UploadRefused.Gone(id);
        }
        return upload;
    }

    /** Before its bytes become a blob, so that whoever gives up the same blob meanwhile knows of this upload. */
    void name(AccountId account, UploadId id, Digest digest) {
        lock("blob " + digest.hex());
        boolean others = count(BLOB_IN_USE + " and shared = false", digest.hex(), id.value()) > 0;
        change(account, id, upload -> upload.named(digest, !others && blobs.has(digest)));
    }

    /** @return whether it was still wanted */
    boolean complete(AccountId account, UploadId id) {
        boolean[] done = new boolean[1];
        change(account, id, upload -> done[0] = upload.completed(deadline()));
        return done[0];
    }

    /** Ends what is not published, and deletes its blob unless somebody else needs it. */
    void release(UUID id, Consumer<StoredUpload> end) {
        StoredUpload upload = findById(id, LockModeType.PESSIMISTIC_WRITE);
        if (upload == null || upload.is(State.PUBLISHED)) {
            return;
        }
        if (upload.digest != null) {
            lock("blob " + upload.digest);
            if (!upload.shared && count(BLOB_IN_USE, upload.digest, id) == 0 && !listed(upload.digest)) {
                blobs.delete(new Digest(upload.digest));
            }
        }
        end.accept(upload);
        // Twice is once: the blob may come back as another upload's.
        upload.digest = null;
    }

    /** A version may have the same bytes and yet not be made of an upload: the address of a remote endpoint is a file, too. */
    private boolean listed(String digest) {
        return (boolean) getEntityManager().createNativeQuery("select exists (select from version_file where sha256 = ?1)")
                .setParameter(1, digest).getSingleResult();
    }

    void gone(UUID id) {
        release(id, upload -> upload.gone(deadline()));
    }

    List<UUID> expired() {
        return getEntityManager()
                .createQuery("select id from StoredUpload where expiresAt <= ?1 and state not in ('PUBLISHED', 'GONE')",
                        UUID.class)
                .setParameter(1, clock.instant()).getResultList();
    }

    void forget() {
        delete("expiresAt <= ?1 and state = 'GONE'", clock.instant());
    }

    boolean receiving(UUID id) {
        return count("id = ?1 and state = 'RECEIVING'", id) > 0;
    }

    private Instant deadline() {
        return clock.instant().plus(config.waits());
    }

    void reached(AccountId account, UploadId id, long received) {
        change(account, id, upload -> upload.reached(received, deadline()));
    }

    private void lock(String what) {
        getEntityManager().createNativeQuery("select 1 from (select pg_advisory_xact_lock(hashtextextended(?1, 0))) locked")
                .setParameter(1, what).getSingleResult();
    }
}
