package farthing.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where an engine host is, {@code tcp://host:port} or {@code unix:/path}, and what it shares with its servers. */
record HostAddress(URI url, String secret) {

    private static final int SHORTEST_SECRET = 32;
    private static final int CONNECT_MILLIS = 5000;

    /** @param setting what the person set, e.g. {@code FARTHING_ENGINE_URL} */
    static HostAddress of(String setting, String value, String secret) {
        URI url = parse(value);
        boolean tcp = "tcp".equals(url.getScheme()) && url.getHost() != null && url.getPort() >= 0;
        if (!tcp && !("unix".equals(url.getScheme()) && url.getPath() != null)) {
            throw new IllegalStateException(setting + " is '" + value
                    + "'; it must be like tcp://worker:9090 or unix:/run/farthing/engine.sock");
        }
        if (tcp && secret.length() < SHORTEST_SECRET) {
            throw new IllegalStateException("an engine host over TCP needs FARTHING_ENGINE_SECRET: at least " + SHORTEST_SECRET
                    + " random characters, the same at the host and its servers");
        }
        return new HostAddress(url, secret);
    }

    private static URI parse(String value) {
        try {
            return new URI(value.strip());
        } catch (URISyntaxException e) {
            return URI.create("");
        }
    }

    private boolean tcp() {
        return "tcp".equals(url.getScheme());
    }

    private SocketAddress address() {
        return tcp() ? new InetSocketAddress(url.getHost(), url.getPort()) : UnixDomainSocketAddress.of(url.getPath());
    }

    SocketChannel connect() throws IOException {
        SocketChannel channel = tcp() ? SocketChannel.open() : SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            if (tcp()) {
                channel.socket().connect(address(), CONNECT_MILLIS);
            } else {
                channel.connect(address());
            }
            return hasten(channel);
        } catch (IOException | RuntimeException e) {
            close(channel);
            throw e;
        }
    }

    ServerSocketChannel listen() throws IOException {
        if (tcp()) {
            return ServerSocketChannel.open().bind(address(), 1024);
        }
        // A host that was killed leaves its socket behind.
        Files.deleteIfExists(Path.of(url.getPath()));
        return ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(address(), 1024);
    }

    /** A token is worth a packet of its own. */
    static SocketChannel hasten(SocketChannel channel) throws IOException {
        if (channel.supportedOptions().contains(StandardSocketOptions.TCP_NODELAY)) {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
        }
        return channel;
    }

    static void close(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
