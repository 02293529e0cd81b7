package farthing.catalog;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

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
import farthing.money.Price;

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

    /**
     * What is called at that moment by whoever names this version or, while it has no offer in force, by whoever names none.
     *
     * @param upTo null: one that is still to be listed
     */
    Optional<Version> calledAt(Instant moment, @Nullable Version upTo) {
        return versions.stream().filter(version -> upTo == null || version.id <= upTo.id)
                .filter(version -> version.offerAt(moment).isPresent()).findFirst();
    }

    /** The version beside which a price from this moment on is dearer, now or then; empty where it is for none. */
    Optional<Version> cheaper(Price price, Instant from, Instant now, @Nullable Version upTo) {
        return Stream.of(now, from).flatMap(moment -> calledAt(moment, upTo)
                .filter(version -> version.offerAt(moment).filter(offer -> Terms.rises(offer.price(), price)).isPresent())
                .stream()).findFirst();
    }
}
