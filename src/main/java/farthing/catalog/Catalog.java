package farthing.catalog;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
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
    // Facts of a model never change, but another server on the same database may publish a new version.
    private final Cache<ModelId, @Nullable Known> known = Caffeine.newBuilder().maximumSize(10_000)
            .expireAfterWrite(Duration.ofSeconds(30)).build();
    // These never change at all.
    private final Cache<VersionId, Published> published = Caffeine.newBuilder().maximumSize(10_000).build();
    private final Cache<OfferId, Offer> offers = Caffeine.newBuilder().maximumSize(10_000).build();

    Catalog(Models models, Clock clock) {
        this.models = models;
        this.clock = clock;
    }

    /**
     * The version to call, from memory where possible.
     *
     * @param model {@code owner/name} for the newest version, or {@code owner/name@version}
     * @throws UnknownModel naming what is listed under a similar name, or which versions there are
     */
    public Listing resolve(String model) {
        Known found = ModelId.parse(model).map(this::known).orElse(null);
        List<Listing> callable = found == null ? List.of() : found.listingsAt(clock.instant());
        if (found == null || callable.isEmpty()) {
            throw UnknownModel.named(model, models.similarTo(model));
        }
        Optional<String> label = ModelId.parseVersion(model);
        return callable.stream().filter(listing -> label.isEmpty() || listing.label().equals(label.get())).findFirst()
                .orElseThrow(() -> UnknownModel.version(found.model(), label.orElse(""),
                        callable.stream().map(Listing::label).toList()));
    }

    /** The newest callable version of every model, by name. */
    public List<Listing> listings() {
        Instant now = clock.instant();
        return models.known().stream().flatMap(model -> model.listingsAt(now).stream().limit(1)).toList();
    }

    /** What a version of a past call was, whether or not it can still be called. */
    public Published published(VersionId version) {
        return published.get(version, models::published);
    }

    /** Every version of every model of theirs, callable or not. */
    public List<VersionId> versionsOf(AccountId developer) {
        return models.versionsOf(developer);
    }

    public Offer offer(OfferId offer) {
        return offers.get(offer, models::offer);
    }

    void publish(AccountId developer, Address payee, ModelId id, Publication publication, List<VersionFile> files) {
        models.add(developer, payee, id, publication, files, clock.instant());
        known.invalidate(id);
    }

    private @Nullable Known known(ModelId id) {
        return known.get(id, models::known);
    }
}
