package farthing.catalog;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

import farthing.money.Split;
import farthing.web.Shortened;

/** A model as its owner sees it, as JSON and on the page where it is managed. */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
record OwnModel(String model, String href, String task, String purpose, String card, String visibility,
        @Nullable String deprecated, boolean suspended, Instant createdAt, Instant updatedAt, List<OwnVersion> versions) {

    /**
     * @param payee the wallet that is paid for its calls
     * @param trial how its trial run went, where it had one
     * @param offers the latest first
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record OwnVersion(int id, String label, String engine, String quantisation, long parameters, long sizeBytes,
            int contextTokens,
            String licence, String sha256, SplitView split, String payee, @Nullable String trial, Instant createdAt,
            List<OfferView> offers) {

        @JsonIgnore
        public String sha256Short() {
            return Shortened.of(sha256);
        }

        @JsonIgnore
        public String payeeShort() {
            return Shortened.of(payee);
        }

        /** In one line, for the page. */
        @JsonIgnore
        public String facts() {
            return Sizes.bytes(sizeBytes) + " · " + quantisation + " · " + licence;
        }
    }

    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record SplitView(int developer, int baseModel, int dataPool, int validators, int platform) {
    }

    /** @param state "in force", "coming" or "over" */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record OfferView(long id, String version, long perMillionInputTokens, long perMillionOutputTokens, long perCall,
            long perItem,
            Instant from, String state) {
    }

    static OwnModel of(Model model, PublicationRuns runs, Instant now) {
        return new OwnModel(model.modelId().toString(), "/models/" + model.modelId(), model.task, model.purpose, model.card,
                model.visibility.name().toLowerCase(Locale.ROOT), model.deprecated, model.suspended, model.createdAt,
                model.updatedAt, model.versions.stream().map(version -> version(version, runs, now)).toList());
    }

    private static OwnVersion version(Version version, PublicationRuns runs, Instant now) {
        Split split = version.split();
        Optional<Offer> inForce = version.offerAt(now);
        List<OfferView> offers = version.offers.stream().map(OfferRow::offer).map(offer -> {
            String state = offer.validFrom().isAfter(now) ? "coming"
                    : inForce.filter(one -> one.id().equals(offer.id())).isPresent() ? "in force" : "over";
            return new OfferView(offer.id().value(), version.label, offer.price().perMillionInputTokens(),
                    offer.price().perMillionOutputTokens(), offer.price().perCall(), offer.price().perItem(), offer.validFrom(),
                    state);
        }).toList();
        return new OwnVersion(version.id, version.label, version.engine.name().toLowerCase(Locale.ROOT), version.quantisation,
                version.parameters, version.sizeBytes, version.contextTokens, version.licence,
                version.loadable().files().model().hex(),
                new SplitView(split.developer(), split.baseModel(), split.dataPool(), split.validators(), split.platform()),
                version.payee, runs.trialOf(version.versionId()).orElse(null), version.createdAt, offers);
    }

    OfferView offer(OfferId id) {
        return versions.stream().flatMap(version -> version.offers().stream()).filter(offer -> offer.id() == id.value())
                .findFirst()
                .orElseThrow();
    }
}
