package farthing.engine;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

import org.jspecify.annotations.Nullable;

import farthing.artefact.Role;

/** Keeps the worker of one version: starts it for a call, restarts it with growing pauses, hands out its places in turn. */
final class Supervisor {

    /** How often a full house is looked at, 25 ms apart, before a call from another server is turned away. */
    private static final int LOOKS = 20;

    private static final System.Logger LOG = System.getLogger(Supervisor.class.getName());
    /** So many failures in a row are no chance. */
    static final int MANY_FAILURES = 3;
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);

    private final Engines engines;
    private final Loadable version;
    private final Places places;
    private final ReentrantLock lock = new ReentrantLock();
    private volatile @Nullable Running worker;
    private volatile Instant lastUsed;
    private volatile int failures;
    private volatile int restarts;
    private volatile String lastFailure = "";
    private volatile @Nullable Instant failingSince;
    private Instant notBefore = Instant.MIN;

    Supervisor(Engines engines, Loadable version) {
        this.engines = engines;
        this.version = version;
        this.places = Places.ofModel(engines.settings().places(version.engine()), engines.settings());
        this.lastUsed = engines.clock().instant();
    }

    Invocation prepare(Map<Role, Path> files, Input input, OnBehalf who) {
        Places.Stay stay = places.stay(who);
        stay.enter();
        boolean placed = false;
        try {
            // Counted before it queues, so that what cannot be worked on is told at once.
            var invocation = count(files, input, stay);
            placed = place(invocation, stay);
            return invocation;
        } finally {
            if (!placed) {
                stay.leave();
            }
        }
    }

    /** A connection for a server elsewhere, which counts and queues its calls itself. */
    Loan lend(Map<Role, Path> files) {
        Places.Stay stay = enterPatiently();
        try {
            return new Loan(connect(worker(files)), stay);
        } catch (RuntimeException e) {
            stay.leave();
            throw e;
        }
    }

    /** To be closed. */
    final class Loan implements AutoCloseable {

        final SocketChannel channel;
        private final Places.Stay stay;

        private Loan(SocketChannel channel, Places.Stay stay) {
            this.channel = channel;
            this.stay = stay;
        }

        @Override
        public void close() {
            takeBack(stay);
            HostAddress.close(channel);
        }
    }

    /** A server that has hung up is noticed a moment later: its place may be free although it is not given back yet. */
    private Places.Stay enterPatiently() {
        // Whose calls they are the server knows, which queues them.
        Places.Stay stay = places.stay(OnBehalf.itself());
        for (int looks = 1;; looks++) {
            try {
                stay.enter();
                return stay;
            } catch (EngineBusy full) {
                if (looks == LOOKS) {
                    throw full;
                }
                LockSupport.parkNanos(Duration.ofMillis(25).toNanos());
            }
        }
    }

    private WorkerInvocation count(Map<Role, Path> files, Input input, Places.Stay stay) {
        Running running = worker(files);
        var invocation = new WorkerInvocation(this, running, connect(running), input, stay);
        try {
            invocation.prepare();
            return invocation;
        } catch (RuntimeException e) {
            invocation.hangUp();
            throw e;
        }
    }

    private static boolean place(WorkerInvocation invocation, Places.Stay stay) {
        try {
            stay.take();
            return true;
        } catch (RuntimeException e) {
            invocation.hangUp();
            throw e;
        }
    }

    private SocketChannel connect(Running running) {
        try {
            return running.connect();
        } catch (IOException e) {
            throw failed(running);
        }
    }

    private Running worker(Map<Role, Path> files) {
        Running running = worker;
        if (running != null && running.alive()) {
            return running;
        }
        lock.lock();
        try {
            running = worker;
            if (running != null && running.alive()) {
                return running;
            }
            Duration pause = Duration.between(engines.clock().instant(), notBefore);
            if (pause.isPositive()) {
                throw new EngineUnavailable("its engine failed %d times in a row. It is started again in %d s."
                        .formatted(failures, pause.toSeconds() + 1), pause.plusSeconds(1));
            }
            worker = null;
            Running started = engines.start(version, files);
            worker = started;
            if (failures > 0) {
                restarts++;
            }
            return started;
        } catch (EngineFailed e) {
            pause(e.why());
            throw e;
        } finally {
            lock.unlock();
        }
    }

    private void pause(String why) {
        if (failures++ == 0) {
            failingSince = engines.clock().instant();
        }
        lastFailure = why;
        // The first failure may be chance; after that the pauses double.
        Duration pause = failures == 1 ? Duration.ZERO : Duration.ofSeconds(1L << Math.min(failures - 2, 6));
        notBefore = engines.clock().instant().plus(pause.compareTo(LONGEST_PAUSE) < 0 ? pause : LONGEST_PAUSE);
        LOG.log(System.Logger.Level.WARNING, "Engine of {0} failed: {1}", version.id(), why);
    }

    /** A call met the end of its worker. */
    EngineFailed failed(Running gone) {
        String why = gone.ending() + ".";
        gone.drop(why);
        lock.lock();
        try {
            if (worker == gone) {
                worker = null;
                pause(why + " " + gone.complaints());
            }
        } finally {
            lock.unlock();
        }
        return new EngineFailed(why);
    }

    /** A call was answered to its end, so the next failure may be chance again. */
    void succeeded() {
        if (failures > 0) {
            lock.lock();
            failures = 0;
            lock.unlock();
        }
    }

    Engines engines() {
        return engines;
    }

    /** An invocation that had a place is closed. */
    void leave(Places.Stay stay) {
        stay.giveBack();
        takeBack(stay);
    }

    private void takeBack(Places.Stay stay) {
        lastUsed = engines.clock().instant();
        stay.leave();
    }

    Instant lastUsed() {
        return lastUsed;
    }

    Engines.Seen seen() {
        Running running = worker;
        return new Engines.Seen(version.id(), running != null && running.alive(), places.busy(), restarts, failures,
                lastFailure,
                failingSince);
    }

    /** @return whether there was a worker and it was stopped, because nobody uses it */
    boolean stopIfIdle() {
        if (!lock.tryLock()) {
            return false;
        }
        try {
            Running running = worker;
            if (running == null || !places.empty()) {
                return false;
            }
            stop("it was idle");
            return true;
        } finally {
            lock.unlock();
        }
    }

    void stop(String why) {
        Running running = worker;
        worker = null;
        if (running != null) {
            running.drop(why);
        }
    }

    /** The worker's process id, for tests that kill it. */
    long pid() {
        Running running = worker;
        return running instanceof WorkerProcess process ? process.pid() : -1;
    }
}
