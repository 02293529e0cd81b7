package farthing.catalog;

import java.time.Instant;

import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import jakarta.persistence.Table;

import org.jspecify.annotations.Nullable;

import farthing.identity.AccountId;

/** A publication under way, or how it ended. */
@Entity
@Table(name = "publication")
class PublicationRun {

    enum State {
        RUNNING,
        LISTED,
        REFUSED
    }

    @Id
    String id;
    long account;
    String owner;
    String name;
    @Enumerated(EnumType.STRING)
    State state = State.RUNNING;
    String wish;
    String steps;
    int attempts;
    @Nullable
    String trial;
    @Nullable
    String rule;
    @Nullable
    String param;
    @Nullable
    String because;
    @Nullable
    Integer version;
    Instant createdAt;
    @Nullable
    Instant endedAt;

    @SuppressWarnings("NullAway.Init")
    protected PublicationRun() {
    }

    PublicationRun(String id, AccountId account, ModelId model, String wish, Instant now) {
        this.id = id;
        this.account = account.value();
        owner = model.owner();
        name = model.name();
        this.wish = wish;
        steps = "[]";
        createdAt = now;
    }

    ModelId model() {
        return new ModelId(owner, name);
    }

    AccountId developer() {
        return new AccountId(account);
    }

    void refuse(String itsRule, @Nullable String itsParam, String sentence, Instant now) {
        requireRunning();
        state = State.REFUSED;
        rule = itsRule;
        param = itsParam;
        because = sentence;
        endedAt = now;
    }

    void list(VersionId listed, Instant now) {
        requireRunning();
        state = State.LISTED;
        version = listed.value();
        endedAt = now;
    }

    private void requireRunning() {
        if (state != State.RUNNING) {
            throw new IllegalStateException("publication " + id + " has ended: " + state);
        }
    }
}
