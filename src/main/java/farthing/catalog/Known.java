package farthing.catalog;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

import farthing.engine.Loadable;
import farthing.engine.Task;
import farthing.identity.AccountId;
import farthing.money.Split;

/**
 * What calls need of one model, kept in memory; only the clock decides which offer is in force.
 *
 * @param versions newest first
 */
record Known(ModelId model, Task task, AccountId developer, Visibility visibility, boolean suspended,
        List<KnownVersion> versions) {

    /** @param offers latest first */
    record KnownVersion(VersionId id, String label, Loadable loadable, Split split, List<Offer> offers) {

        Optional<Offer> offerAt(Instant moment) {
            return offers.stream().filter(offer -> !offer.validFrom().isAfter(moment)).findFirst();
        }
    }

    static Known of(Model model) {
        return new Known(model.modelId(), model.task(), model.developer(), model.visibility, model.suspended, model.versions
                .stream()
                .map(version -> new KnownVersion(version.versionId(), version.label, version.loadable(), version.split(),
                        version.offers.stream().map(OfferRow::offer).toList()))
                .toList());
    }

    boolean isPublic() {
        return visibility == Visibility.PUBLIC && !suspended;
    }

    /** Whether this account, or nobody, may know that the model is there. */
    boolean isThereFor(Optional<AccountId> asker) {
        return visibility != Visibility.PRIVATE || asker.filter(developer::equals).isPresent();
    }

    boolean withdrawn() {
        return visibility == Visibility.UNLISTED || suspended;
    }

    /** Every version with an offer in force, newest first; one whose first offer is still to come cannot be called. */
    List<Listing> listingsAt(Instant moment) {
        return versions.stream().flatMap(version -> version.offerAt(moment).map(offer -> listing(version, offer)).stream())
                .toList();
    }

    private Listing listing(KnownVersion version, Offer offer) {
        return new Listing(model, version.id(), version.label(), task, version.loadable(), offer, version.split(), developer);
    }
}
