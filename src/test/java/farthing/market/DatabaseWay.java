package farthing.market;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import farthing.Ports;

/** The way from a server to its PostgreSQL, on which the confirmation of a commit may get lost. */
final class DatabaseWay implements AutoCloseable {

    enum Fate {
        ARRIVES,
        /** The commit is made, and the connection breaks before its confirmation has come back. */
        CUT,
        /** The same, and nothing gets through any more until the way is healed. */
        CUT_AND_SHUT
    }

    /** What PostgreSQL's protocol says once a commit is made: CommandComplete with this tag. */
    private static final String COMMITTED = "C\0\0\0\013COMMIT\0";
    /** What only the writer of calls says. */
    private static final String CHARGES = "copy usage (";

    final int port;
    private final int to;
    private final ServerSocket door;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger lost = new AtomicInteger();
    private volatile Fates fates = charges -> Fate.ARRIVES;
    private volatile boolean shut;

    DatabaseWay(int to) {
        this.to = to;
        try {
            port = Ports.free();
            door = new ServerSocket(port, 200, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofVirtual().start(this::accept);
    }

    /** Decides what becomes of a confirmation. */
    interface Fates {

        /** @param ofCharges whether the transaction has charged calls */
        Fate of(boolean ofCharges);
    }

    /** @param fates asked for each confirmation that passes */
    void confirmations(Fates fates) {
        this.fates = fates;
    }

    /** From now on everything arrives; what hangs is cut. */
    void heal() {
        fates = charges -> Fate.ARRIVES;
        shut = false;
        cut();
    }

    /** Breaks every connection at whatever it is doing. */
    void cut() {
        open.forEach(DatabaseWay::close);
    }

    /** Confirmations that did not arrive. */
    int lost() {
        return lost.get();
    }

    private void accept() {
        while (!door.isClosed()) {
            try {
                Socket server = door.accept();
                if (shut) {
                    close(server);
                    continue;
                }
                open.add(server);
                try {
                    Socket database = new Socket(InetAddress.getLoopbackAddress(), to);
                    open.add(database);
                    AtomicBoolean charges = new AtomicBoolean();
                    Thread.ofVirtual().start(() -> pass(server, database, charges, false));
                    Thread.ofVirtual().start(() -> pass(database, server, charges, true));
                } catch (IOException away) {
                    close(server);
                }
            } catch (IOException ended) {
                return;
            }
        }
    }

    /** @param charges whether the transaction under way has charged calls */
    private void pass(Socket from, Socket on, AtomicBoolean charges, boolean answers) {
        try (from; on) {
            InputStream in = from.getInputStream();
            OutputStream out = on.getOutputStream();
            byte[] buffer = new byte[1 << 14];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                // Sent in one piece with what follows it, so never split between two reads of a local connection.
                Fate fate = answers && contains(buffer, read, COMMITTED) ? fates.of(charges.getAndSet(false)) : Fate.ARRIVES;
                if (!answers && contains(buffer, read, CHARGES)) {
                    charges.set(true);
                }
                if (fate != Fate.ARRIVES) {
                    lost.incrementAndGet();
                    if (fate == Fate.CUT_AND_SHUT) {
                        shut = true;
                        cut();
                    }
                    return;
                }
                out.write(buffer, 0, read);
            }
        } catch (IOException cut) {
            // Both ends close, as at the end.
        } finally {
            open.remove(from);
            open.remove(on);
        }
    }

    private static boolean contains(byte[] buffer, int length, String what) {
        return new String(buffer, 0, length, StandardCharsets.ISO_8859_1).contains(what);
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            door.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        cut();
    }
}
