package farthing.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

import farthing.artefact.Artefacts;
import farthing.blob.Blobs;
import farthing.blob.BlobsAddress;
import farthing.blob.FileBlobs;
import farthing.web.Problem;
import io.smallrye.config.SmallRyeConfigBuilder;

/**
 * The main class of an engine host, which runs workers for servers elsewhere ({@code FARTHING_ENGINE_URL}). A connection says
 * once which version it is for, then it is a connection to that version's worker.
 */
public final class EngineHost implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(EngineHost.class.getName());
    private static final int LONGEST_PREAMBLE = 1 << 16;
    private static final Duration PREAMBLE_TIME = Duration.ofSeconds(10);

    private final Engines engines;
    private final byte[] secret;
    private final ServerSocketChannel server;

    EngineHost(HostAddress address, Blobs blobs, EngineSettings settings) throws IOException {
        this.secret = address.secret().getBytes(StandardCharsets.UTF_8);
        this.server = address.listen();
        this.engines = new Engines(new Artefacts(blobs), settings, Clock.systemUTC());
    }

    public static void main(String[] args) {
        var config = new SmallRyeConfigBuilder().addDefaultInterceptors().addDefaultSources().addDiscoveredConverters()
                .withDefaultValue("farthing.data", "data").withDefaultValue("farthing.engine.natives", "${farthing.natives:}")
                .withMapping(EngineConfig.class).build();
        EngineConfig engine = config.getConfigMapping(EngineConfig.class);
        Path data = Path.of(config.getValue("farthing.data", String.class)).toAbsolutePath();
        try (var host = new EngineHost(
                HostAddress.of("FARTHING_ENGINE_LISTEN", engine.listen(), engine.secret().orElse("")),
                blobs(config.getOptionalValue("farthing.blobs.url", String.class), data), EngineSettings.of(engine, data))) {
            System.out.println("engine host listens on " + host.address());
            host.run();
        } catch (IOException | RuntimeException e) {
            System.err.println("farthing: the engine host ended: " + e.getMessage());
            System.exit(1);
        }
    }

    private static Blobs blobs(Optional<String> url, Path data) {
        try {
            return url.map(given -> BlobsAddress.of(given).open(data.resolve("blob-cache")))
                    .orElseGet(() -> new FileBlobs(data.resolve("blobs")));
        } catch (IllegalArgumentException e) {
            throw new IllegalStateException("FARTHING_BLOBS_URL " + e.getMessage(), e);
        }
    }

    /** For tests. */
    Engines engines() {
        return engines;
    }

    String address() throws IOException {
        return server.getLocalAddress() instanceof InetSocketAddress inet
                ? "tcp://" + inet.getHostString() + ":" + inet.getPort()
                : "unix:" + server.getLocalAddress();
    }

    /** Serves until it is closed. */
    void run() throws IOException {
        while (true) {
            SocketChannel client = HostAddress.hasten(server.accept());
            Thread.startVirtualThread(() -> serve(client));
        }
    }

    private void serve(SocketChannel client) {
        try (client) {
            try {
                Frame request = request(client);
                Loadable version = admit(Preamble.read(request.fields()));
                switch (request.type()) {
                    case Frame.OPEN -> lend(version, client);
                    case Frame.KILL -> {
                        engines.supervisor(version).stop("a call ran too long");
                        Frame.write(client, Frame.OPENED, _ -> {
                        });
                    }
                    default -> throw new IllegalArgumentException("request " + request.type());
                }
            } catch (Problem e) {
                refuse(client, e);
            } catch (IllegalArgumentException e) {
                refuse(client, unavailable("its engine host does not understand this server (" + e.getMessage() + ")."));
            }
        } catch (IOException e) {
            // The server hung up.
        }
    }

    private Frame request(SocketChannel client) throws IOException {
        ScheduledFuture<?> watch = engines.timer().schedule(() -> HostAddress.close(client), PREAMBLE_TIME.toMillis(),
                TimeUnit.MILLISECONDS);
        try {
            return Frame.read(client, LONGEST_PREAMBLE);
        } finally {
            var _ = watch.cancel(false);
        }
    }

    private Loadable admit(Preamble preamble) {
        if (!MessageDigest.isEqual(secret, preamble.secret().getBytes(StandardCharsets.UTF_8))) {
            LOG.log(System.Logger.Level.WARNING, "A server was turned away: its FARTHING_ENGINE_SECRET is another.");
            throw unavailable("its engine host has another FARTHING_ENGINE_SECRET than this server.");
        }
        return preamble.version();
    }

    private static EngineUnavailable unavailable(String why) {
        return new EngineUnavailable(why, Duration.ofMinutes(1));
    }

    private static void refuse(SocketChannel client, Problem problem) throws IOException {
        Frame.write(client, Frame.REFUSED, out -> {
            out.writeInt(problem.status());
            Frame.writeText(out, problem.code());
            Frame.writeText(out, problem.detail());
            out.writeLong(problem.retryAfter().orElse(Duration.ZERO).toSeconds());
        });
    }

    private void lend(Loadable version, SocketChannel client) throws IOException {
        try (Supervisor.Loan worker = engines.supervisor(version).lend(engines.files(version))) {
            Frame.write(client, Frame.OPENED, _ -> {
            });
            Thread.startVirtualThread(() -> copy(client, worker.channel));
            copy(worker.channel, client);
        }
    }

    /** Whoever hangs up first, the other is told at once: that is how a call is cancelled and how it fails. */
    private static void copy(SocketChannel from, SocketChannel to) {
        ByteBuffer buffer = ByteBuffer.allocate(1 << 14);
        try (from; to) {
            while (from.read(buffer) >= 0) {
                buffer.flip();
                while (buffer.hasRemaining()) {
                    to.write(buffer);
                }
                buffer.clear();
            }
        } catch (IOException e) {
            // Closed by the copy in the other direction, or broken.
        }
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            engines.close();
        }
    }
}
