package farthing.catalog;

import java.time.Instant;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;

import farthing.identity.AccountId;

/** A form of /publish that is not sent yet. */
@Entity
class PublishDraft {

    @Id
    String id;
    long account;
    /** JSON: fields as they were typed, and the uploads by their field. Never a secret. */
    String content;
    Instant updatedAt;

    @SuppressWarnings("NullAway.Init")
    protected PublishDraft() {
    }

    PublishDraft(String id, AccountId account, String content, Instant now) {
        this.id = id;
        this.account = account.value();
        this.content = content;
        updatedAt = now;
    }
}
