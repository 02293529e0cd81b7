package farthing.catalog;

import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

import jakarta.enterprise.context.ApplicationScoped;

import org.jspecify.annotations.Nullable;

import farthing.artefact.Role;
import farthing.artefact.Upload;
import farthing.artefact.UploadId;
import farthing.artefact.UploadRefused;
import farthing.artefact.Uploads;
import farthing.engine.Pooling;
import farthing.engine.PromptTemplate;
import farthing.engine.RemoteEndpoint;
import farthing.engine.RemoteEndpoints;
import farthing.engine.RemoteSecrets;
import farthing.engine.Task;
import farthing.engine.WrongEndpoint;
import farthing.identity.AccountId;
import farthing.identity.Accounts;
import farthing.money.Price;
import farthing.money.Split;
import io.quarkus.narayana.jta.QuarkusTransaction;

/** What developers ask to publish, and how far it is. */
@ApplicationScoped
class Publications {

    static final int MOST_AT_ONCE = 5;
    private static final Map<String, Role> FILES = Map.of("model", Role.MODEL, "tokenizer", Role.TOKENIZER);
    private static final SecureRandom RANDOM = new SecureRandom();

    private final PublicationRuns runs;
    private final Models models;
    private final Uploads uploads;
    private final Accounts accounts;
    private final Licences licences;
    private final RemoteEndpoints endpoints;
    private final RemoteSecrets secrets;
    private final Publisher publisher;
    private final Clock clock;

    Publications(PublicationRuns runs, Models models, Uploads uploads, Accounts accounts, Licences licences,
            RemoteEndpoints endpoints, RemoteSecrets secrets, Publisher publisher,
            Clock clock) {
        this.runs = runs;
        this.models = models;
        this.uploads = uploads;
        this.accounts = accounts;
        this.licences = licences;
        this.endpoints = endpoints;
        this.secrets = secrets;
        this.publisher = publisher;
        this.clock = clock;
    }

    /**
     * Takes the request down; what follows is done by itself, whatever happens to this server.
     *
     * @return the publication's id
     * @throws InvalidListing naming every field at fault
     */
    String begin(AccountId account, String owner, String name, VersionRequest request) {
        // Whoever has nowhere to be paid learns that before the fields are looked at.
        accounts.walletOf(account);
        requireOwnName(account, owner, name);
        Optional<ModelId> id = ModelId.parse(owner + "/" + name).filter(named -> named.name().equals(name));
        String publication = fresh();
        QuarkusTransaction.requiringNew().run(() -> {
            if (runs.underWay(account) >= MOST_AT_ONCE) {
                throw new TooManyPublications();
            }
            Wish wish = wish(account, owner, id, request);
            keepSecret(publication, request);
            runs.persist(new PublicationRun(publication, account, id.orElseThrow(), runs.json(wish), clock.instant()));
        });
        publisher.look();
        return publication;
    }

    /** Sealed at once: the wish, which is kept as it is, holds none. */
    private void keepSecret(String publication, VersionRequest request) {
        String secret = request.endpoint() == null ? null : request.endpoint().secret();
        if (secret == null || secret.isEmpty()) {
            return;
        }
        try {
            secrets.keep(secretOf(publication), secret);
        } catch (WrongEndpoint wrong) {
            throw new InvalidListing(wrong.param().orElse("endpoint.secret"), wrong.detail());
        }
    }

    /** The name of the endpoint's secret until the version has one. */
    static String secretOf(String publication) {
        return "publication-" + publication;
    }

    private void requireOwnName(AccountId account, String owner, String name) {
        String handle = accounts.handleOf(account);
        if (!owner.equals(handle)) {
            throw new NotYourName(handle, name);
        }
    }

    /** @param id empty where the name is none; that is told together with what else is wrong */
    private Wish wish(AccountId account, String owner, Optional<ModelId> id, VersionRequest request) {
        Model model = id.flatMap(models::find).orElse(null);
        Version before = model == null || model.versions.isEmpty() ? null : model.versions.getFirst();
        Instant now = clock.instant();
        Terms terms = new Terms();
        if (id.isEmpty()) {
            terms.wrong("name",
                    "A model's name is 1 to 64 of a-z, 0-9, '.', '_' and '-', and begins with a letter or digit, as in"
                            + " kjv-small.");
        }
        Task task = model != null && request.task() == null ? model.task() : terms.task(request.task());
        if (model != null && task != model.task()) {
            terms.wrong("task",
                    "The task of " + model.modelId() + " is " + model.task + ", for all its versions; publish another model for"
                            + " another task.");
        }
        String purpose = model != null && request.purpose() == null ? model.purpose : terms.purpose(request.purpose());
        String card = model != null && request.card() == null ? model.card : terms.card(request.card());
        String licence = before != null && request.licence() == null ? before.licence
                : terms.licence(licences, request.licence());
        String attribution = terms.text("attribution", request.attribution(),
                before == null ? "By " + owner + "." : before.attribution);
        String provenance = terms.text("provenance", request.provenance(), before == null
                ? "Its developer says nothing of the data that it was trained on."
                : before.provenance);
        Price price = price(terms, request.offer(), before, now);
        Instant from = request.offer() == null ? null : terms.from(request.offer().from(), now);
        if (model != null) {
            notice(terms, model, price, from == null ? now : from, now);
        }
        Split split = request.split() == null ? before == null ? Terms.USUAL_SPLIT : before.split()
                : terms.split(request.split());
        Visibility visibility = request.visibility() == null ? null
                : terms.choice("visibility", Visibility.class, request.visibility(), Visibility.PUBLIC);
        if (model == null && visibility == Visibility.UNLISTED) {
            terms.wrong("visibility", "A new model is public or private; withdraw it later.");
        }
        PromptTemplate template = terms.choice("template", PromptTemplate.class, request.template(),
                before == null ? usualTemplate(task) : before.promptTemplate);
        Pooling pooling = terms.choice("pooling", Pooling.class, request.pooling(),
                before == null ? Pooling.MEAN : before.pooling);
        boolean normalise = request.normalise() == null ? before == null || before.normalise : request.normalise();
        Map<Role, String> files = files(terms, account, id, request);
        Wish.Endpoint endpoint = endpoint(terms, request);
        terms.check();
        return new Wish(files, endpoint, task, purpose, card, licence, attribution, provenance, price, from, split,
                visibility, template, pooling, normalise);
    }

    private static PromptTemplate usualTemplate(Task task) {
        return switch (task) {
            case CHAT -> PromptTemplate.MODEL;
            case COMPLETION -> PromptTemplate.PLAIN;
            default -> PromptTemplate.NONE;
        };
    }

    private static Price price(Terms terms, VersionRequest.@Nullable OfferRequest offer, @Nullable Version before,
            Instant now) {
        if (offer != null) {
            return terms.price(offer);
        }
        Optional<Offer> last = before == null ? Optional.empty() : before.offerAt(now);
        if (last.isEmpty()) {
            terms.wrong("offer", "Say what a call costs; a model that is free has an offer of zeros.");
        }
        return last.map(Offer::price).orElse(new Price(0, 0, 0, 0));
    }

    /** Who calls a model without naming a version gets the newest, and its price is no surprise either. */
    private static void notice(Terms terms, Model model, Price price, Instant from, Instant now) {
        if (from.isBefore(now.plus(Terms.NOTICE))) {
            model.cheaper(price, from, now, null).ifPresent(version -> terms.wrong("offer.from",
                    dearer(model.modelId(), version.label, now)));
        }
    }

    /** @param now from when on the 24 hours count */
    static String dearer(ModelId id, String label, Instant now) {
        return "This is dearer than version " + label + ", and whoever calls " + id
                + " must know 24 hours before: let the offer begin at "
                + now.plus(Terms.NOTICE).truncatedTo(ChronoUnit.MINUTES).plus(1, ChronoUnit.MINUTES) + " or later.";
    }

    private Map<Role, String> files(Terms terms, AccountId account, Optional<ModelId> id, VersionRequest request) {
        Map<String, String> given = request.files() == null ? Map.of() : request.files();
        if (request.endpoint() != null) {
            if (!given.isEmpty()) {
                terms.wrong("files", "A version has files or a remote endpoint, not both.");
            }
            return Map.of();
        }
        Map<Role, String> files = new EnumMap<>(Role.class);
        given.forEach((name, upload) -> {
            Role role = FILES.get(name);
            if (role == null) {
                terms.wrong("files." + name, "Files are 'model' and 'tokenizer'.");
            } else if (complete(terms, account, id, role, upload)) {
                files.put(role, upload);
            }
        });
        if (!given.containsKey("model")) {
            terms.wrong("files.model", "Upload the model's file first, and name the upload here.");
        }
        return files;
    }

    private boolean complete(Terms terms, AccountId account, Optional<ModelId> id, Role role, String upload) {
        String param = "files." + role.name().toLowerCase(Locale.ROOT);
        try {
            Upload file = uploads.complete(account, UploadId.parse(upload));
            if (runs.uses(account, upload)) {
                terms.wrong(param, "'" + file.fileName() + "' is being published already; wait for the end of that.");
            } else if (role == Role.MODEL) {
                String sha256 = Objects.requireNonNull(file.digest()).hex();
                id.ifPresent(model -> models.labelOf(model, sha256)
                        .ifPresent(label -> terms.wrong(param, sameBytes(model, label))));
            }
            return true;
        } catch (UploadRefused refused) {
            terms.wrong(param, refused.detail());
            return false;
        }
    }

    static String sameBytes(ModelId id, String label) {
        return "These are the same bytes as version " + label + " of " + id + "; a new version has another file.";
    }

    private Wish.@Nullable Endpoint endpoint(Terms terms, VersionRequest request) {
        VersionRequest.EndpointRequest given = request.endpoint();
        if (given == null) {
            return null;
        }
        try {
            RemoteEndpoint endpoint = endpoints.endpoint(given.url() == null ? "" : given.url(),
                    given.model() == null ? "" : given.model());
            return new Wish.Endpoint(endpoint.url().toString(), endpoint.model());
        } catch (WrongEndpoint wrong) {
            terms.wrong(wrong.param().orElse("endpoint"), wrong.detail());
            return null;
        }
    }

    PublicationView get(AccountId account, String id) {
        return QuarkusTransaction.joiningExisting().call(() -> runs.findByIdOptional(id)
                .filter(run -> run.account == account.value()).map(this::view).orElseThrow(NoSuchPublication::new));
    }

    /** Newest first. */
    List<PublicationView> latest(AccountId account) {
        return QuarkusTransaction.joiningExisting().call(() -> runs.latest(account, 20).stream().map(this::view).toList());
    }

    private PublicationView view(PublicationRun run) {
        return PublicationView.of(run, runs.steps(run), Optional.ofNullable(run.version).map(VersionId::new)
                .map(version -> models.published(version).label()).orElse(null));
    }

    static String fresh() {
        byte[] bytes = new byte[16];
        RANDOM.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
