package farthing.engine;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

import farthing.web.Problem;

/** A worker at an engine host, which starts and watches it; here are only connections to it. */
final class RemoteWorker implements Running {

    /** What the host says; it knows best whether the model, the call or the host itself is the reason. */
    private static final class Refused extends Problem {

        private final Duration retryAfter;

        Refused(DataInputStream fields) throws IOException {
            super(fields.readInt(), Frame.readText(fields), Frame.readText(fields));
            retryAfter = Duration.ofSeconds(fields.readLong());
        }

        @Override
        public Optional<Duration> retryAfter() {
            return Optional.of(retryAfter).filter(Duration::isPositive);
        }
    }

    private final Engines engines;
    private final HostAddress host;
    private final Preamble preamble;

    RemoteWorker(Engines engines, HostAddress host, Loadable version) {
        this.engines = engines;
        this.host = host;
        this.preamble = new Preamble(host.secret(), version);
    }

    @Override
    public SocketChannel connect() {
        try {
            return open(Frame.OPEN);
        } catch (ClosedByInterruptException e) {
            throw new EngineFailed("the call was interrupted.");
        } catch (IOException e) {
            String why = e instanceof EOFException ? "it hung up"
                    : e instanceof AsynchronousCloseException ? "not in time" : e.getMessage();
            throw new EngineUnavailable("the engine host at " + host.url() + " does not answer (" + why + ").",
                    Duration.ofSeconds(5));
        }
    }

    private SocketChannel open(byte request) throws IOException {
        SocketChannel channel = host.connect();
        // The host may have to make room and to load the version first.
        ScheduledFuture<?> watch = engines.timer().schedule(() -> HostAddress.close(channel),
                engines.settings().loadTime().plusSeconds(30).toMillis(), TimeUnit.MILLISECONDS);
        boolean opened = false;
        try {
            Frame.write(channel, request, preamble::write);
            Frame answer = Frame.read(channel);
            if (answer.type() != Frame.OPENED) {
                throw new Refused(answer.fields());
            }
            opened = true;
            return channel;
        } finally {
            var _ = watch.cancel(false);
            if (!opened) {
                HostAddress.close(channel);
            }
        }
    }

    @Override
    public boolean alive() {
        return true;
    }

    @Override
    public void kill(String why) {
        Thread.startVirtualThread(() -> {
            try (SocketChannel _ = open(Frame.KILL)) {
            } catch (IOException | Problem e) {
                // A host that is away has no worker left to end.
            }
        });
    }

    @Override
    public void drop(String why) {
        // Other servers may use it; the host stops it when it is idle.
    }

    @Override
    public String ending() {
        return "the engine host at " + host.url() + " or its worker broke off";
    }

    @Override
    public String complaints() {
        return "";
    }
}
