package farthing.catalog;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;

import javax.sql.DataSource;

import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.interceptor.Interceptor;
import jakarta.persistence.LockModeType;

import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

import farthing.artefact.ArtefactCheck;
import farthing.artefact.UploadId;
import farthing.artefact.UploadRefused;
import farthing.artefact.Uploads;
import farthing.engine.Loadable;
import farthing.identity.Accounts;
import farthing.identity.Role;
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
    static final String TRIAL = "It runs once on a small input";
    static final String LISTING = "It is listed";

    private final PublicationRuns runs;
    private final Models models;
    private final Catalog catalog;
    private final Uploads uploads;
    private final ArtefactCheck check;
    private final Accounts accounts;
    private final Trial trial;
    private final DataSource source;
    private final Roles roles;
    private final Clock clock;
    private final Set<String> inHand = ConcurrentHashMap.newKeySet();
    private final Semaphore places = new Semaphore(AT_ONCE);
    private volatile boolean stopping;

    Publisher(PublicationRuns runs, Models models, Catalog catalog, Uploads uploads, ArtefactCheck check, Accounts accounts,
            Trial trial, DataSource source, Roles roles, Clock clock) {
        this.runs = runs;
        this.models = models;
        this.catalog = catalog;
        this.uploads = uploads;
        this.check = check;
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
        Progress progress = new Progress(id, wish);
        try {
            if (run.attempts > MOST_ATTEMPTS) {
                throw new Refused("unfinished", null, "This site could not finish the publication in " + MOST_ATTEMPTS
                        + " attempts; tell its operator the id " + id + ".");
            }
            Listable listable = examine(run, wish, progress);
            progress.begin(TRIAL);
            String came = tried(run, listable);
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

//EXAMINE

    private String tried(PublicationRun run, Listable listable) throws Refused, InterruptedException {
        try {
            return trial.run(listable.loadable());
        } catch (Trial.Failed failed) {
            throw new Refused(TRIAL, null, String.valueOf(failed.getMessage()));
        }
    }

    private void list(PublicationRun run, Wish wish, Listable listable, String came, Progress progress) throws Refused {
        Instant now = clock.instant();
        String model = listable.files().getFirst().sha256();
        VersionId version = QuarkusTransaction.requiringNew().call(() -> {
            Optional<String> same = models.locked(run.model()).isEmpty() ? Optional.empty() : models.labelOf(run.model(), model);
            if (same.isPresent()) {
                return null;
            }
            Instant from = wish.offerFrom() == null || wish.offerFrom().isBefore(now) ? now : wish.offerFrom();
            Version row = models.list(run.developer(), accounts.walletOf(run.developer()), run.model(), listable.publication(),
                    listable.files(), from, now);
            if (wish.visibility() != null) {
                row.model.visibility = wish.visibility();
            }
            wish.uploads().values().forEach(upload -> uploads.keep(run.developer(), UploadId.parse(upload)));
            PublicationRun stored = runs.findById(run.id, LockModeType.PESSIMISTIC_WRITE);
            stored.trial = came;
            stored.steps = runs.json(progress.allDone());
            stored.list(row.versionId(), now);
            roles.grant(run.developer(), Role.DEVELOPER);
            return row.versionId();
        });
        if (version == null) {
            throw new Refused("same bytes", "files.model", Publications.sameBytes(run.model(),
                    models.labelOf(run.model(), model).orElse("?")));
        }
        catalog.changed(run.model());
        LOG.infof("listed %s of account %d", run.model(), run.account);
    }

    private void refuse(PublicationRun run, Wish wish, Refused refused, Progress progress) {
        progress.failed(refused.rule, refused.sentence());
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

        void begin(String rule) {
            put(rule, Step.State.RUNNING, null);
        }

        void done(String rule, @Nullable String says) {
            put(rule, Step.State.DONE, says);
        }

        void failed(String rule, String says) {
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
