package farthing.market;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

import farthing.Ports;

/** The way from a server to another, which can be cut while the other goes on for everybody else. */
final class Way implements AutoCloseable {

    final int port;
    private final int to;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicLong left = new AtomicLong(Long.MAX_VALUE);
    private ServerSocket door;

    Way(int to) {
        this.to = to;
        this.door = open(0);
        this.port = door.getLocalPort();
        accept(door);
    }

    /** From now on nothing listens there. */
    void cut() {
        closeQuietly(door);
        open.forEach(Way::closeQuietly);
    }

    /** Once so many bytes have gone to the other, all in all. */
    void cutAfter(long bytes) {
        left.set(bytes);
    }

    /** Bytes that went to the other since it was last mended. */
    long passed() {
        return Long.MAX_VALUE - left.get();
    }

    boolean isCut() {
        return door.isClosed();
    }

    void mend() {
        left.set(Long.MAX_VALUE);
        door = open(port);
        accept(door);
    }

    private static ServerSocket open(int port) {
        try {
            return new ServerSocket(port == 0 ? Ports.free() : port, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void accept(ServerSocket at) {
        Thread.ofVirtual().start(() -> {
            while (!at.isClosed()) {
                try {
                    Socket from = at.accept();
                    Socket on = new Socket(InetAddress.getLoopbackAddress(), to);
                    open.add(from);
                    open.add(on);
                    pass(from, on, left);
                    pass(on, from, new AtomicLong(Long.MAX_VALUE));
                } catch (IOException cut) {
                    // Whoever came meanwhile is told by the closed door.
                }
            }
        });
    }

    private void pass(Socket from, Socket on, AtomicLong budget) {
        Thread.ofVirtual().start(() -> {
            try (from; on) {
                byte[] buffer = new byte[1 << 14];
                for (int read = from.getInputStream().read(buffer); read >= 0; read = from.getInputStream().read(buffer)) {
                    if (budget.addAndGet(-read) < 0) {
                        cut();
                        return;
                    }
                    on.getOutputStream().write(buffer, 0, read);
                }
            } catch (IOException cut) {
                // Both ends close, as at the end.
            }
            open.remove(from);
            open.remove(on);
        });
    }

    private static void closeQuietly(AutoCloseable socket) {
        try {
            socket.close();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        cut();
    }
}
