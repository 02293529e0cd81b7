package farthing.onchain;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

import farthing.catalog.Offer;
import farthing.catalog.VersionFacts;
import farthing.chain.RegistryCalls;
import farthing.money.Price;

/**
 * What is still to be stated of a version, in this order.
 *
 * @param version null when it is stated already
 * @param deadline after which the registry takes none of it
 */
record ToSign(RegistryCalls.@Nullable Version version, List<OfferToSign> offers, Instant deadline) {

    /** A price that rises must be stated so long before; the minutes are for the way into a block. */
    private static final Duration NOTICE = Duration.ofHours(24).plusMinutes(10);

    record OfferToSign(Offer offer, RegistryCalls.Offer statement) {
    }

    /**
     * @param stated how many offers are stated; the registry counts them
     * @param knownUntil the last offer that is stated, null without
     */
    static ToSign of(VersionFacts facts, boolean versionStated, int stated, @Nullable Offer knownUntil, Instant now,
            Instant deadline) {
        RegistryCalls.Version version = Provenance.statement(facts);
        List<OfferToSign> offers = new ArrayList<>();
        Offer before = knownUntil;
        for (Offer offer : facts.offers()) {
            if (knownUntil != null && offer.id().value() <= knownUntil.id().value()) {
                continue;
            }
            // The registry keeps no past: of offers that are over, only the last one still says anything.
            boolean over = facts.offers().stream().anyMatch(later -> later.id().value() > offer.id().value()
                    && !later.validFrom().isAfter(now));
            if (over) {
                continue;
            }
            Instant from = offer.validFrom();
            // Counted from the deadline, which comes back with the signatures: the same is signed as was asked for.
            Instant earliest = deadline.plus(NOTICE);
            if (before != null && rises(before.price(), offer.price()) && from.isBefore(earliest)) {
                from = earliest;
            }
            offers.add(new OfferToSign(offer,
                    new RegistryCalls.Offer(version.id(), stated + offers.size() + 1, offer.price(), from)));
            before = offer;
        }
        return new ToSign(versionStated ? null : version, List.copyOf(offers), deadline);
    }

    boolean isEmpty() {
        return version == null && offers.isEmpty();
    }

    int count() {
        return (version == null ? 0 : 1) + offers.size();
    }

    private static boolean rises(Price before, Price after) {
        return after.perMillionInputTokens() > before.perMillionInputTokens()
                || after.perMillionOutputTokens() > before.perMillionOutputTokens() || after.perCall() > before.perCall()
                || after.perItem() > before.perItem();
    }
}
