package farthing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.ThreadLocalRandom;

/** Ports of loopback that no test beside takes away. */
public final class Ports {

    private Ports() {
    }

    /** For a server to be started. Below those that the system gives to outgoing connections, which could take it before. */
    public static int free() {
        while (true) {
            int port = ThreadLocalRandom.current().nextInt(20_000, 32_000);
            try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            } catch (BindException taken) {
                continue;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /**
     * One that refuses every connection. It is held by a socket that does not listen: a port that was let go of can belong to
     * another server a moment later, and a server that was just closed may still let one connection in.
     */
    public static Refusing refusing() {
        Socket held = new Socket();
        try {
            held.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Refusing(held);
    }

    public record Refusing(Socket held) implements AutoCloseable {

        public int port() {
            return held.getLocalPort();
        }

        @Override
        public void close() {
            try {
                held.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
