package farthing.catalog;

import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

import jakarta.enterprise.context.ApplicationScoped;

import org.jspecify.annotations.Nullable;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;

import farthing.chain.Address;
import farthing.identity.AccountId;

/** What is listed and what it costs now. Safe to call from any thread, inside or outside a request. */
@ApplicationScoped
public class Catalog {

    private final Models models;
    private final Clock clock;
    // What another server on the same database changes, ModelChanges takes out within two seconds.
    private final Cache<ModelId, @Nullable Known> known = Caffeine.newBuilder().maximumSize(10_000)
            .expireAfterWrite(Duration.ofSeconds(30)).build();
    // These never change at all.
    private final Cache<VersionId, Published> published = Caffeine.newBuilder().maximumSize(10_000).build();
    private final Cache<OfferId, Offer> offers = Caffeine.newBuilder().maximumSize(10_000).build();

    Catalog(Models models, Clock clock) {
        this.models = models;
        this.clock = clock;
    }

    /** {@link #resolve(String, Optional)} for anybody. */
    public Listing resolve(String model) {
        return resolve(model, Optional.empty());
    }

    /**
     * The version to call, from memory where possible. A change of who finds a model reaches every server within two seconds.
     *
     * @param model {@code owner/name} for the newest version, or {@code owner/name@version}
     * @param asker who calls; a private model is there for its owner alone
     * @throws UnknownModel naming what is listed under a similar name, or which versions there are
     * @throws ModelUnlisted if it was withdrawn
     */
    public Listing resolve(String model, Optional<AccountId> asker) {
        Known found = ModelId.parse(model).map(this::known).filter(one -> one.isThereFor(asker)).orElse(null);
        if (found != null && found.withdrawn()) {
            throw new ModelUnlisted(found.model());
        }
        return callable(model, found, asker);
    }

    /**
     * Like {@link #resolve(String, Optional)} for what only reads: a withdrawn model's page stays.
     */
    Listing shown(String model, Optional<AccountId> asker) {
        Known found = ModelId.parse(model).map(this::known).filter(one -> one.isThereFor(asker)).orElse(null);
        return callable(model, found, asker);
    }

    private Listing callable(String model, @Nullable Known found, Optional<AccountId> asker) {
        List<Listing> callable = found == null ? List.of() : found.listingsAt(clock.instant());
        if (found == null || callable.isEmpty()) {
            throw UnknownModel.named(model, models.similarTo(model, asker));
        }
        Optional<String> label = ModelId.parseVersion(model);
        return callable.stream().filter(listing -> label.isEmpty() || listing.label().equals(label.get())).findFirst()
                .orElseThrow(() -> UnknownModel.version(found.model(), label.orElse(""),
                        callable.stream().map(Listing::label).toList()));
    }

    /** Whether everybody may see its name. */
    public boolean isPublic(ModelId model) {
        Known found = known(model);
        return found != null && found.isPublic();
    }

    /** What a version of a past call was, whether or not it can still be called. */
    public Published published(VersionId version) {
        return published.get(version, models::published);
    }

    /** What its developer states of a version; empty where there is none. */
    public Optional<VersionFacts> facts(VersionId version) {
        return models.facts(version);
    }

    /** Every version of every model of theirs, callable or not. */
    public List<VersionId> versionsOf(AccountId developer) {
        return models.versionsOf(developer);
    }

    /** Every version whose developer's part one of these wallets is paid, whoever has the model now. */
    public List<VersionId> versionsPaidTo(Collection<Address> wallets) {
        return models.versionsPaidTo(wallets);
    }

    public Offer offer(OfferId offer) {
        return offers.get(offer, models::offer);
    }

    void publish(AccountId developer, Address payee, ModelId id, Publication publication, List<VersionFile> files) {
        models.add(developer, payee, id, publication, files, clock.instant());
        known.invalidate(id);
    }

    /** Forgets what it remembers of the model. */
    void changed(ModelId id) {
        known.invalidate(id);
    }

    private @Nullable Known known(ModelId id) {
        return known.get(id, models::known);
    }
}
