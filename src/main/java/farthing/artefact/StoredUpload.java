package farthing.artefact;

import java.time.Instant;
import java.util.UUID;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;

import org.jspecify.annotations.Nullable;

import farthing.blob.Digest;
import farthing.identity.AccountId;

/** A row of table {@code upload}. It changes only by what is named here. */
@Entity
@Table(name = "upload")
class StoredUpload {

    @Id
    UUID id;
    long account;
    UUID place;
    String fileName;
    long size;
    long received;
    @Nullable
    String announced;
    @Nullable
    String digest;
    boolean shared;
    String state;
    @Nullable
    String refusal;
    Instant createdAt;
    Instant expiresAt;

    static final String GONE = "GONE";

    protected StoredUpload() {
    }

    StoredUpload(AccountId account, UUID place, String fileName, long size, @Nullable Digest announced, Instant now,
            Instant expiresAt) {
        this.id = UUID.randomUUID();
        this.account = account.value();
        this.place = place;
        this.fileName = fileName;
        this.size = size;
        this.announced = announced == null ? null : announced.hex();
        this.state = Upload.State.RECEIVING.name();
        this.createdAt = now;
        this.expiresAt = expiresAt;
    }

    UploadId uploadId() {
        return new UploadId(id);
    }

    boolean is(Upload.State other) {
        return state.equals(other.name());
    }

    /** It went on to here. */
    void reached(long received, Instant expiresAt) {
        if (is(Upload.State.RECEIVING)) {
            this.received = received;
            this.expiresAt = expiresAt;
        }
    }

    /** All bytes are here and are about to become a blob. */
    void named(Digest digest, boolean shared) {
        this.digest = digest.hex();
        this.shared = shared;
    }

    boolean completed(Instant expiresAt) {
        if (!is(Upload.State.RECEIVING)) {
            return false;
        }
        state = Upload.State.COMPLETE.name();
        received = size;
        this.expiresAt = expiresAt;
        return true;
    }

    void refused(String sentence) {
        state = Upload.State.REFUSED.name();
        refusal = sentence;
    }

    void published() {
        state = Upload.State.PUBLISHED.name();
    }

    void gone(Instant forgetAt) {
        state = GONE;
        expiresAt = forgetAt;
    }

    /** @param here how many bytes are here, where that is known better */
    Upload shown(long here) {
        boolean receiving = is(Upload.State.RECEIVING);
        return new Upload(uploadId(), fileName, size, receiving ? here : received, Upload.State.valueOf(state),
                digest == null || receiving ? null : new Digest(digest), refusal, expiresAt);
    }
}
