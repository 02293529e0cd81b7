package farthing.catalog;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;

import javax.sql.DataSource;

import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.interceptor.Interceptor;
import jakarta.persistence.LockModeType;

import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

import farthing.artefact.ArtefactCheck;
import farthing.artefact.ArtefactFacts;
import farthing.artefact.ArtefactFiles;
import farthing.artefact.Format;
import farthing.artefact.Role;
import farthing.artefact.Rule;
import farthing.artefact.Upload;
import farthing.artefact.UploadId;
import farthing.artefact.UploadRefused;
import farthing.artefact.Uploads;
import farthing.artefact.WrongArtefact;
import farthing.blob.Blobs;
import farthing.blob.Digest;
import farthing.engine.EngineKind;
import farthing.engine.Loadable;
import farthing.engine.RemoteEndpoint;
import farthing.engine.RemoteEndpoints;
import farthing.engine.RemoteSecrets;
import farthing.engine.Task;
import farthing.engine.WrongEndpoint;
import farthing.identity.Accounts;
import farthing.identity.Roles;
import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.scheduler.Scheduled;

/**
 * Checks what was uploaded, tries it and lists it, one publication after another and few at once. A publication belongs to the
 * server that holds its lock in the database; when that server ends, another begins it again.
 */
@ApplicationScoped
class Publisher {

    private static final Logger LOG = Logger.getLogger(Publisher.class);
    private static final int AT_ONCE = 2;
    private static final int MOST_ATTEMPTS = 5;
    static final String ENDPOINT = "Its address answers a call and says what it used";
    /** Tokens: what a place costs in memory grows with it. */
    private static final int LONGEST_CONTEXT = 8_192;
    /** Where the files do not tell. */
    private static final int USUAL_CONTEXT = 512;
    /** Tokens; the endpoint knows better and says so. */
    private static final int REMOTE_CONTEXT = 131_072;
    static final String FILES = "Its files are here";
    static final String TRIAL = "It runs once on a small input";
    static final String LISTING = "It is listed";

    private final PublicationRuns runs;
    private final Models models;
    private final Catalog catalog;
    private final Uploads uploads;
    private final ArtefactCheck check;
    private final Blobs blobs;
    private final RemoteEndpoints endpoints;
    private final RemoteSecrets secrets;
    private final Accounts accounts;
    private final Trial trial;
    private final DataSource source;
    private final Roles roles;
    private final Clock clock;
    private final Set<String> inHand = ConcurrentHashMap.newKeySet();
    private final Semaphore places = new Semaphore(AT_ONCE);
    private volatile boolean stopping;

    Publisher(PublicationRuns runs, Models models, Catalog catalog, Uploads uploads, ArtefactCheck check, Blobs blobs,
            RemoteEndpoints endpoints, RemoteSecrets secrets, Accounts accounts,
            Trial trial, DataSource source, Roles roles, Clock clock) {
        this.runs = runs;
        this.models = models;
        this.catalog = catalog;
        this.uploads = uploads;
        this.check = check;
        this.blobs = blobs;
        this.endpoints = endpoints;
        this.secrets = secrets;
        this.accounts = accounts;
        this.trial = trial;
        this.source = source;
        this.roles = roles;
        this.clock = clock;
    }

    void stop(@Observes @Priority(Interceptor.Priority.PLATFORM_BEFORE) ShutdownEvent event) {
        stopping = true;
    }

    /** Begins what nobody works on, also what a server that ended has left behind. */
    @Scheduled(every = "2s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    void look() {
        for (String id : QuarkusTransaction.requiringNew().call(runs::running)) {
            if (!stopping && inHand.add(id)) {
                Thread.ofVirtual().name("publication " + id).start(() -> work(id));
            }
        }
    }

    private void work(String id) {
        places.acquireUninterruptibly();
        try (Connection connection = source.getConnection()) {
            if (lock(connection, id)) {
                try {
                    publish(id);
                } finally {
                    unlock(connection, id);
                }
            }
        } catch (SQLException | RuntimeException e) {
            if (!stopping) {
                LOG.errorf(e, "publication %s broke off; it is begun again", id);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            places.release();
            inHand.remove(id);
        }
    }

    private void publish(String id) throws InterruptedException {
        PublicationRun run = QuarkusTransaction.requiringNew().call(() -> {
            PublicationRun found = runs.findById(id);
            found.attempts++;
            return found;
        });
        if (run.state != PublicationRun.State.RUNNING) {
            return;
        }
        Wish wish = runs.wish(run);
        Progress progress = new Progress(id,
                wish.endpoint() == null ? List.of(TRIAL, LISTING) : List.of(ENDPOINT, TRIAL, LISTING));
        try {
            if (run.attempts > MOST_ATTEMPTS) {
                throw new Refused(LISTING, null, "This site could not finish the publication in " + MOST_ATTEMPTS
                        + " attempts; tell its operator the id " + id + ".");
            }
            Listable listable = examined(run, wish, progress);
            progress.begin(TRIAL);
            String came = tried(listable);
            progress.done(TRIAL, came);
            progress.begin(LISTING);
            list(run, wish, listable, came, progress);
        } catch (Refused refused) {
            if (!stopping) {
                refuse(run, wish, refused, progress);
            }
        }
    }

    /** @param files with their sizes */
    private record Listable(Publication publication, Loadable loadable, List<VersionFile> files) {
    }

    private static class Refused extends Exception {

        private final String rule;
        private final @Nullable String param;

        Refused(String rule, @Nullable String param, String sentence) {
            super(sentence);
            this.rule = rule;
            this.param = param;
        }

        private String sentence() {
            return String.valueOf(getMessage());
        }
    }

    private Listable examined(PublicationRun run, Wish wish, Progress progress) throws Refused {
        Wish.Endpoint endpoint = wish.endpoint();
        return endpoint == null ? files(run, wish, progress) : endpoint(run, wish, endpoint, progress);
    }

    private Listable endpoint(PublicationRun run, Wish wish, Wish.Endpoint asked, Progress progress) throws Refused {
        progress.begin(ENDPOINT);
        try {
            RemoteEndpoint endpoint = endpoints.endpoint(asked.url(), asked.model());
            RemoteEndpoints.Trial came = endpoints.tryOut(endpoint, secrets.of(Publications.secretOf(run.id)), wish.task());
            progress.done(ENDPOINT, "It read " + came.usage().inputTokens() + " tokens and "
                    + (came.dimensions() > 0 ? "gave " + came.dimensions() + " numbers."
                            : "wrote " + came.usage().outputTokens() + "."));
            byte[] descriptor = endpoint.descriptor();
            refuseSameBytes(run, Digest.of(sha256(descriptor)));
            Digest stored = blobs.put(new ByteArrayInputStream(descriptor));
            return listable(run, wish, new Found(EngineKind.REMOTE, "remote", 1, REMOTE_CONTEXT),
                    List.of(new VersionFile(Role.MODEL, stored.hex(), descriptor.length)));
        } catch (WrongEndpoint wrong) {
            throw new Refused(ENDPOINT, wrong.param().orElse("endpoint"), wrong.detail());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Listable files(PublicationRun run, Wish wish, Progress progress) throws Refused {
        List<VersionFile> files = new ArrayList<>();
        Map<Role, Path> paths = new EnumMap<>(Role.class);
        for (Map.Entry<Role, String> each : wish.uploads().entrySet()) {
            Upload upload = complete(run, each.getKey(), each.getValue());
            Digest digest = Objects.requireNonNull(upload.digest());
            files.add(new VersionFile(each.getKey(), digest.hex(), upload.size()));
            paths.put(each.getKey(), blobs.path(digest));
        }
        files.sort(Comparator.comparing(VersionFile::role));
        refuseSameBytes(run, new Digest(files.getFirst().sha256()));
        ArtefactFacts facts = checked(paths, wish.task(), progress);
        int context = Math.min(LONGEST_CONTEXT, facts.context() == null ? USUAL_CONTEXT : facts.context());
        return listable(run, wish, new Found(EngineKind.valueOf(facts.format().name()), facts.quantisation(),
                facts.parameters() == null ? 1 : facts.parameters(), context), files);
    }

    /** It was complete when the publication began; its owner may have deleted it since. */
    private Upload complete(PublicationRun run, Role role, String id) throws Refused {
        try {
            return uploads.complete(run.developer(), UploadId.parse(id));
        } catch (UploadRefused gone) {
            throw new Refused(FILES, "files." + role.name().toLowerCase(Locale.ROOT), gone.detail());
        }
    }

    private ArtefactFacts checked(Map<Role, Path> paths, Task task, Progress progress) throws Refused {
        try {
            Format format = ArtefactCheck.formatOf(Objects.requireNonNull(paths.get(Role.MODEL)));
            if (format == Format.REMOTE) {
                throw new Refused(Rule.FORMAT.label(), "files.model",
                        "The model file describes a remote endpoint; list it as an endpoint, with its address and secret.");
            }
            List<Rule> rules = check.rules(format);
            progress.expect(rules.stream().map(Rule::label).toList());
            progress.begin(rules.getFirst().label());
            return check.check(paths, task.wireName(), rule -> {
                progress.done(rule.label(), null);
                int next = rules.indexOf(rule) + 1;
                if (next < rules.size()) {
                    progress.begin(rules.get(next).label());
                }
            });
        } catch (WrongArtefact wrong) {
            String param = switch (wrong.rule()) {
                case TASK -> "task";
                case TOKENIZER -> "files.tokenizer";
                default -> "files.model";
            };
            throw new Refused(wrong.rule().label(), param, wrong.detail());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void refuseSameBytes(PublicationRun run, Digest model) throws Refused {
        Optional<String> same = models.labelOf(run.model(), model.hex());
        if (same.isPresent()) {
            throw new Refused("No version has these bytes yet", "files.model", Publications.sameBytes(run.model(), same.get()));
        }
    }

    /** What the files say themselves. */
    private record Found(EngineKind engine, String quantisation, long parameters, int context) {
    }

    private static Listable listable(PublicationRun run, Wish wish, Found found, List<VersionFile> files) {
        Publication publication = new Publication(run.name, wish.task(), wish.purpose(), wish.card(),
                new Publication.Artefact("", found.engine(), found.quantisation(), found.parameters(), found.context(),
                        wish.licence(), wish.attribution(), wish.template(), wish.pooling(), wish.normalise(), Map.of(),
                        wish.price(), wish.split(), wish.provenance()));
        Map<Role, Digest> digests = new EnumMap<>(Role.class);
        files.forEach(file -> digests.put(file.role(), new Digest(file.sha256())));
        Loadable loadable = new Loadable("publication-" + run.id, found.engine(), wish.task(),
                new ArtefactFiles(found.engine().format(), digests), wish.template(), found.context(), wish.pooling(),
                wish.normalise());
        return new Listable(publication, loadable, files);
    }

    private String tried(Listable listable) throws Refused, InterruptedException {
        try {
            return trial.run(listable.loadable());
        } catch (Trial.Failed failed) {
            throw new Refused(TRIAL, null, String.valueOf(failed.getMessage()));
        }
    }

    private void list(PublicationRun run, Wish wish, Listable listable, String came, Progress progress) throws Refused {
        Instant now = clock.instant();
        String model = listable.files().getFirst().sha256();
        Instant from = wish.offerFrom() == null || wish.offerFrom().isBefore(now) ? now : wish.offerFrom();
        AtomicReference<@Nullable Refused> changed = new AtomicReference<>();
        VersionId version = QuarkusTransaction.requiringNew().call(() -> {
            Refused refused = changed(run, wish, model, from, now);
            if (refused != null) {
                changed.set(refused);
                return null;
            }
            Version row = models.list(run.developer(), accounts.walletOf(run.developer()), run.model(), listable.publication(),
                    listable.files(), from, now);
            if (wish.visibility() != null) {
                row.model.visibility = wish.visibility();
                models.keepListed(row.model);
            }
            secrets.rename(Publications.secretOf(run.id), row.loadable().id());
            wish.uploads().values().forEach(upload -> uploads.keep(run.developer(), UploadId.parse(upload)));
            PublicationRun stored = runs.findById(run.id, LockModeType.PESSIMISTIC_WRITE);
            stored.trial = came;
            stored.steps = runs.json(progress.allDone());
            stored.list(row.versionId(), now);
            roles.grant(run.developer(), farthing.identity.Role.DEVELOPER);
            return row.versionId();
        });
        if (version == null) {
            throw Objects.requireNonNull(changed.get());
        }
        catalog.changed(run.model());
        LOG.infof("listed %s of account %d", run.model(), run.account);
    }

    /** What was right when the publication began, and is not any more; from now on the model is locked. */
    private @Nullable Refused changed(PublicationRun run, Wish wish, String file, Instant from, Instant now) {
        if (accounts.deactivatedBecause(run.developer()).isPresent()) {
            return new Refused(LISTING, null, "The account was deactivated meanwhile, so nothing of it is listed.");
        }
        String handle = accounts.handleOf(run.developer());
        if (!handle.equals(run.owner)) {
            return new Refused(LISTING, "owner",
                    "Your account's name changed to " + handle + " meanwhile; publish it as " + handle
                            + "/" + run.name + ".");
        }
        Model model = models.locked(run.model()).orElse(null);
        if (model == null) {
            return null;
        }
        if (model.ownerAccount != run.account) {
            return new Refused(LISTING, "name",
                    "There is a model " + run.model() + " of another account; choose another name.");
        }
        Optional<String> same = models.labelOf(run.model(), file);
        if (same.isPresent()) {
            return new Refused("No version has these bytes yet", "files.model",
                    Publications.sameBytes(run.model(), same.get()));
        }
        // Known since the publication began, however long the checks took.
        Optional<Version> cheaper = from.isBefore(run.createdAt.plus(Terms.NOTICE))
                ? model.cheaper(wish.price(), from, now, null)
                : Optional.empty();
        return cheaper.map(version -> new Refused(LISTING, "offer.from",
                Publications.dearer(run.model(), version.label, now))).orElse(null);
    }

    private void refuse(PublicationRun run, Wish wish, Refused refused, Progress progress) {
        progress.failed(refused.rule, refused.sentence());
        secrets.forget(Publications.secretOf(run.id));
        for (String upload : wish.uploads().values()) {
            try {
                uploads.discard(run.developer(), UploadId.parse(upload));
            } catch (UploadRefused gone) {
                // Its owner was faster.
            }
        }
        QuarkusTransaction.requiringNew().run(() -> runs.findById(run.id, LockModeType.PESSIMISTIC_WRITE).refuse(refused.rule,
                refused.param, refused.sentence(), clock.instant()));
    }

    private static byte[] sha256(byte[] content) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(content);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static boolean lock(Connection connection, String id) throws SQLException {
        return ask(connection, "select pg_try_advisory_lock(hashtextextended(?, 13))", id);
    }

    private static void unlock(Connection connection, String id) throws SQLException {
        ask(connection, "select pg_advisory_unlock(hashtextextended(?, 13))", id);
    }

    private static boolean ask(Connection connection, String sql, String id) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, "publication " + id);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() && row.getBoolean(1);
            }
        }
    }

    /** What the developer watches; each change is stored. */
    private class Progress {

        private final String id;
        private final Map<String, Step> steps = new LinkedHashMap<>();

        Progress(String id, List<String> rules) {
            this.id = id;
            rules.forEach(rule -> steps.put(rule, new Step(rule, Step.State.WAITING, null)));
        }

        /** These come first. */
        void expect(List<String> rules) {
            Map<String, Step> later = new LinkedHashMap<>(steps);
            steps.clear();
            rules.forEach(rule -> steps.put(rule, new Step(rule, Step.State.WAITING, null)));
            steps.putAll(later);
        }

        void begin(String rule) {
            put(rule, Step.State.RUNNING, null);
        }

        void done(String rule, @Nullable String says) {
            put(rule, Step.State.DONE, says);
        }

        void failed(String rule, String says) {
            if (!steps.containsKey(rule)) {
                expect(List.of(rule));
            }
            put(rule, Step.State.FAILED, says);
        }

        private void put(String rule, Step.State state, @Nullable String says) {
            steps.put(rule, new Step(rule, state, says));
            QuarkusTransaction.requiringNew().run(() -> runs.update("steps = ?1 where id = ?2", runs.json(steps.values()), id));
        }

        List<Step> allDone() {
            return steps.values().stream().map(step -> new Step(step.rule(), Step.State.DONE, step.says())).toList();
        }
    }
}
