package farthing.catalog;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

import jakarta.persistence.CascadeType;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.OneToMany;
import jakarta.persistence.OrderBy;

import org.jspecify.annotations.Nullable;

import farthing.engine.Task;
import farthing.identity.AccountId;

/** A listing with all its versions, newest first. */
@Entity
class Model {

    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    long id;
    long ownerAccount;
    String owner;
    String name;
    String task;
    String purpose;
    String card;
    @Enumerated(EnumType.STRING)
    Visibility visibility = Visibility.PUBLIC;
    @Nullable
    String deprecated;
    /** The developer's account is deactivated. */
    boolean suspended;
    Instant createdAt;
    /** When its newest version or offer was made. */
    Instant updatedAt;
    @OneToMany(mappedBy = "model", cascade = CascadeType.PERSIST)
    @OrderBy("id desc")
    List<Version> versions = new ArrayList<>();

    @SuppressWarnings("NullAway.Init")
    protected Model() {
    }

    Model(AccountId account, ModelId id, Publication publication, Instant now) {
        ownerAccount = account.value();
        owner = id.owner();
        name = id.name();
        task = publication.task().wireName();
        purpose = publication.purpose();
        card = publication.card();
        createdAt = now;
        updatedAt = now;
    }

    ModelId modelId() {
        return new ModelId(owner, name);
    }

    AccountId developer() {
        return new AccountId(ownerAccount);
    }

    Task task() {
        return Task.ofWireName(task);
    }
}
