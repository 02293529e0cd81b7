package farthing.catalog;

import java.util.List;

import farthing.chain.Address;
import farthing.identity.AccountId;
import farthing.money.Split;

/**
 * What its developer states of a version, the same for ever but for offers, of which more may come.
 *
 * @param files by the name of their role, in alphabetical order
 * @param provenance where it comes from, in the developer's words
 * @param payee the wallet that is paid the developer's part, and that signs for the version
 * @param offers the first one first
 */
public record VersionFacts(VersionId version, ModelId model, String label, AccountId developer, Address payee, String engine,
        String licence, String attribution, String provenance, Split split, List<FileFacts> files, List<Offer> offers) {

    /**
     * @param role {@code MODEL} or {@code TOKENIZER}
     * @param sha256 64 lower-case digits
     */
    public record FileFacts(String role, String sha256, long bytes) {
    }

    static VersionFacts of(Version version) {
        Model model = version.model;
        return new VersionFacts(version.versionId(), model.modelId(), version.label, model.developer(),
                new Address(version.payee), version.engine.name(), version.licence, version.attribution, version.provenance,
                version.split(),
                version.files.stream().map(file -> new FileFacts(file.role().name(), file.sha256(), file.sizeBytes()))
                        .sorted((a, b) -> a.role().compareTo(b.role())).toList(),
                version.offers.reversed().stream().map(OfferRow::offer).toList());
    }
}
