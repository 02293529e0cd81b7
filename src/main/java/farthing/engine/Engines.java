package farthing.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import org.jspecify.annotations.Nullable;

import farthing.artefact.Artefacts;
import farthing.artefact.Role;
import farthing.blob.Digest;

/**
 * Runs versions in worker processes, one per version, started by the first call, here or at an engine host, and asks remote
 * endpoints. Its methods block; call them from virtual threads.
 */
public final class Engines implements AutoCloseable {

    private final Artefacts artefacts;
    private final EngineSettings settings;
    private final Clock clock;
    private final @Nullable Launch launch;
    private final @Nullable HostAddress host;
    private final @Nullable RemoteEndpoints remote;
    private final Path sockets;
    private final Semaphore rooms;
    private final AtomicLong started = new AtomicLong();
    private final Map<Loadable, Supervisor> supervisors = new ConcurrentHashMap<>();
    /** What remote descriptors say, which their digests hold them to for ever. */
    private final Map<Digest, RemoteEndpoint> endpoints = new ConcurrentHashMap<>();
    private final ScheduledExecutorService timer = Executors
            .newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("engine-timer").factory());

    public Engines(Artefacts artefacts, EngineSettings settings, Clock clock) throws IOException {
        this(artefacts, settings, clock, null, null);
    }

    /**
     * @param host runs the workers, if this machine does not
     * @param remote null where no remote endpoint is asked
     */
    Engines(Artefacts artefacts, EngineSettings settings, Clock clock, @Nullable HostAddress host,
            @Nullable RemoteEndpoints remote) throws IOException {
        this.artefacts = artefacts;
        this.settings = settings;
        this.clock = clock;
        this.host = host;
        this.remote = remote;
        this.launch = host == null ? new Launch(settings.cache()) : null;
        // Not below the data folder: a Unix socket's path may have 107 bytes.
        this.sockets = Files.createTempDirectory("farthing");
        this.rooms = new Semaphore(settings.workers());
        long sweep = Math.max(1, settings.idleTime().toSeconds() / 4);
        var _ = timer.scheduleWithFixedDelay(this::stopIdle, sweep, sweep, TimeUnit.SECONDS);
    }

    /**
     * Loads the version if need be, counts the input in its engine and waits for a place. The invocation holds the place until
     * it is closed. A remote endpoint is asked only when the invocation runs.
     *
     * @throws farthing.artefact.DamagedArtefact if the store no longer holds the version's files as they were
     * @throws InputTooLong if the model cannot see that much
     * @throws UnsupportedInput if the model cannot work on this kind of input
     * @throws EngineBusy if too many calls are before this one
     * @throws TooManyWaiting if so many of them are of the same key that it is the key's own fault
     * @throws CallerLeft if the call is given up while it waits
     * @throws EngineUnavailable if the engine failed repeatedly and pauses
     * @throws EngineFailed if the engine ends meanwhile, or cannot load the version
     */
    public Invocation prepare(Loadable version, Input input, OnBehalf who) {
        checkLength(version, input);
        if (version.engine() == EngineKind.REMOTE) {
            return prepareRemote(version, input, who);
        }
        return supervisor(version).prepare(files(version), input, who);
    }

    /** For nobody else, as when a version is tried. */
    public Invocation prepare(Loadable version, Input input) {
        return prepare(version, input, OnBehalf.itself());
    }

    private Invocation prepareRemote(Loadable version, Input input, OnBehalf who) {
        if (remote == null) {
            throw new IllegalStateException("No remote endpoint is asked from here");
        }
        try {
            RemoteEndpoint known = endpoints.get(version.files().model());
            if (known == null) {
                known = RemoteEndpoint.read(file(artefacts.verified(version.files()), Role.MODEL), remote.allowPlain());
                endpoints.put(version.files().model(), known);
            }
            return remote.prepare(version, input, known, who);
        } catch (IOException | WrongEndpoint e) {
            throw new EngineFailed("its description cannot be used (" + e.getMessage() + ").");
        }
    }

    Supervisor supervisor(Loadable version) {
        return supervisors.computeIfAbsent(version, _ -> new Supervisor(this, version));
    }

    /** Nothing where a host runs the version: the host verifies its own files. */
    Map<Role, Path> files(Loadable version) {
        return host == null ? artefacts.verified(version.files()) : Map.of();
    }

    /** Keeps what is hopelessly long from the worker, whose memory is small. */
    private static void checkLength(Loadable version, Input input) {
        int most = version.engine() == EngineKind.OPENNLP ? version.contextLength()
                : (int) Math.min(Integer.MAX_VALUE, 100L * version.contextLength());
        int longest = switch (input) {
            case Input.Prompt(String text) -> text.length();
            case Input.Chat(var messages) -> messages.stream().mapToInt(message -> message.content().length()).sum();
            case Input.Texts(var texts) -> texts.stream().mapToInt(String::length).max().orElse(0);
        };
        if (longest > most) {
            throw new InputTooLong(longest, most, "characters");
        }
    }

    Running start(Loadable version, Map<Role, Path> files) {
        return launch == null ? new RemoteWorker(this, Objects.requireNonNull(host), version) : start(launch, version, files);
    }

    private WorkerProcess start(Launch launch, Loadable version, Map<Role, Path> files) {
        makeRoom();
        try {
            Path model = file(files, Role.MODEL);
            var options = new WorkerOptions(version.engine(), sockets.resolve(started.incrementAndGet() + ".sock"),
                    settings.natives().toAbsolutePath(), model, files.getOrDefault(Role.TOKENIZER, model), version.template(),
                    version.contextLength(), version.pooling(), version.normalise(), settings.places(version.engine()),
                    settings.memory() + 4 * Files.size(model));
            WorkerProcess worker = WorkerProcess.start(launch, options, settings.loadTime());
            var _ = worker.onExit().thenRun(rooms::release);
            return worker;
        } catch (IOException e) {
            rooms.release();
            throw new EngineFailed("it cannot be started (" + e.getMessage() + ").");
        } catch (RuntimeException e) {
            rooms.release();
            throw e;
        }
    }

    private static Path file(Map<Role, Path> files, Role role) {
        Path file = files.get(role);
        if (file == null) {
            throw new IllegalArgumentException("The version has no " + role);
        }
        return file;
    }

    private void makeRoom() {
        if (rooms.tryAcquire()) {
            return;
        }
        boolean stopped = supervisors.values().stream().sorted(Comparator.comparing(Supervisor::lastUsed))
                .anyMatch(Supervisor::stopIfIdle);
        try {
            // Even if none was idle: a worker that has just died gives its room back in a moment.
            if (!rooms.tryAcquire(stopped ? 20_000 : 200, TimeUnit.MILLISECONDS)) {
                throw new EngineBusy("This server runs as many models as it may, and each of them");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new EngineFailed("the call was interrupted.");
        }
    }

    void stopIdle() {
        Instant before = clock.instant().minus(settings.idleTime());
        supervisors.values().stream().filter(supervisor -> supervisor.lastUsed().isBefore(before))
                .forEach(Supervisor::stopIfIdle);
    }

    EngineSettings settings() {
        return settings;
    }

    /**
     * A version that was called since the start.
     *
     * @param busy calls that run or wait
     * @param failures in a row
     * @param why the last failure
     */
    record Seen(String version, boolean running, int busy, int restarts, int failures, String why, @Nullable Instant since) {
    }

    List<Seen> workers() {
        return supervisors.values().stream().map(Supervisor::seen).sorted(Comparator.comparing(Seen::version)).toList();
    }

    String where() {
        return host == null ? "this server" : "the engine host at " + host.url();
    }

    Clock clock() {
        return clock;
    }

    ScheduledExecutorService timer() {
        return timer;
    }

    /** The process of a version's worker, for tests that kill it. */
    long pid(Loadable version) {
        Supervisor supervisor = supervisors.get(version);
        return supervisor == null ? -1 : supervisor.pid();
    }

    /** Ends the version's worker and forgets the version; for one that was only tried. Calls of it that still run fail. */
    public void discard(Loadable version) {
        Supervisor supervisor = supervisors.remove(version);
        if (supervisor != null) {
            supervisor.stop("it was only tried");
        }
    }

    /** Ends all workers; calls that still run fail. */
    @Override
    public void close() {
        timer.shutdownNow();
        supervisors.values().forEach(supervisor -> supervisor.stop("the server stops"));
        try {
            Files.deleteIfExists(sockets);
        } catch (IOException e) {
            // A worker that is just ending keeps its socket; it tidies up itself.
        }
    }
}
