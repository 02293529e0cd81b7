package farthing.catalog;

import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import jakarta.persistence.CascadeType;
import jakarta.persistence.CollectionTable;
import jakarta.persistence.ElementCollection;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.OneToMany;
import jakarta.persistence.OrderBy;

import farthing.artefact.ArtefactFiles;
import farthing.artefact.Role;
import farthing.blob.Digest;
import farthing.chain.Address;
import farthing.engine.EngineKind;
import farthing.engine.Loadable;
import farthing.engine.Pooling;
import farthing.engine.PromptTemplate;
import farthing.money.Split;

/** One immutable artefact of a model, with its dated offers, latest first. */
@Entity
class Version {

    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    int id;
    @ManyToOne
    Model model;
    String label;
    @Enumerated(EnumType.STRING)
    EngineKind engine;
    String quantisation;
    long parameters;
    long sizeBytes;
    int contextTokens;
    String licence;
    String attribution;
    @Enumerated(EnumType.STRING)
    PromptTemplate promptTemplate;
    @Enumerated(EnumType.STRING)
    Pooling pooling;
    boolean normalise;
    int splitDeveloper;
    int splitBaseModel;
    int splitDataPool;
    int splitValidators;
    int splitPlatform;
    String provenance;
    String payee;
    Instant createdAt;
    @ElementCollection
    @CollectionTable(name = "version_file")
    List<VersionFile> files = new ArrayList<>();
    @OneToMany(mappedBy = "version", cascade = CascadeType.PERSIST)
    @OrderBy("validFrom desc, id desc")
    List<OfferRow> offers = new ArrayList<>();

    @SuppressWarnings("NullAway.Init")
    protected Version() {
    }

    Version(Model model, String label, Address payee, Publication.Artefact artefact, List<VersionFile> files, Instant now) {
        this.model = model;
        this.payee = payee.text();
        this.files.addAll(files);
        this.label = label;
        engine = artefact.engine();
        quantisation = artefact.quantisation();
        parameters = artefact.parameters();
        sizeBytes = files.stream().mapToLong(VersionFile::sizeBytes).sum();
        contextTokens = artefact.context();
        licence = artefact.licence();
        attribution = artefact.attribution();
        promptTemplate = artefact.promptTemplate();
        pooling = artefact.pooling();
        normalise = artefact.normalise();
        Split split = artefact.split();
        splitDeveloper = split.developer();
        splitBaseModel = split.baseModel();
        splitDataPool = split.dataPool();
        splitValidators = split.validators();
        splitPlatform = split.platform();
        provenance = artefact.provenance();
        createdAt = now;
    }

    VersionId versionId() {
        return new VersionId(id);
    }

    Split split() {
        return new Split(splitDeveloper, splitBaseModel, splitDataPool, splitValidators, splitPlatform);
    }

    Loadable loadable() {
        Map<Role, Digest> digests = new EnumMap<>(Role.class);
        files.forEach(file -> digests.put(file.role(), new Digest(file.sha256())));
        return new Loadable(model.modelId() + "@" + label, engine, model.task(), new ArtefactFiles(engine.format(), digests),
                promptTemplate, contextTokens, pooling, normalise);
    }

    Optional<Offer> offerAt(Instant moment) {
        return offers.stream().filter(offer -> !offer.validFrom.isAfter(moment)).findFirst().map(OfferRow::offer);
    }
}
