package farthing.catalog;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

import jakarta.persistence.CascadeType;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.OneToMany;
import jakarta.persistence.OrderBy;

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
    Instant createdAt;
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
