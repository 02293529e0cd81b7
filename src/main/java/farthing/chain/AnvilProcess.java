package farthing.chain;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.zip.GZIPInputStream;

/**
 * One run of anvil. Its state is fetched and kept here: anvil's own {@code --state-interval} cuts the file down to nothing and
 * then writes it, so that a kill at that moment loses the chain; and it writes everything each second.
 */
final class AnvilProcess {

    private static final long ANSWERS_WITHIN_MILLIS = 20_000;

    private final Path folder;
    private final Process process;
    private final Rpc rpc;

    private AnvilProcess(Path folder, Process process, Rpc rpc) {
        this.folder = folder;
        this.process = process;
        this.rpc = rpc;
    }

    static URI address(int port) {
        return URI.create("http://127.0.0.1:" + port);
    }

    /** @throws NodeFailed when it does not answer in time */
    static AnvilProcess start(Path binary, Path folder, int port, long chainId)
            throws IOException, InterruptedException, NodeFailed {
        Path log = folder.resolve("anvil.log");
        ProcessBuilder builder = new ProcessBuilder(binary.toString(), "--host", "127.0.0.1", "--port",
                Integer.toString(port), "--chain-id", Long.toString(chainId), "--block-time", "1", "--slots-in-an-epoch", "3",
                // No account whose key everybody knows.
                "--accounts", "0", "--quiet", "--cache-path", folder.resolve("cache").toString());
        if (Files.exists(state(folder))) {
            builder.command().addAll(List.of("--load-state", state(folder).toString()));
        }
        builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        Process process = builder.start();
        Files.writeString(folder.resolve("anvil.pid"), process.pid() + " " + port);
        Rpc rpc = new Rpc(address(port));
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ANSWERS_WITHIN_MILLIS);
        while (true) {
            try {
                rpc.number("eth_chainId");
                return new AnvilProcess(folder, process, rpc);
            } catch (NodeFailed e) {
                if (!process.isAlive() || System.nanoTime() > deadline) {
                    process.destroyForcibly();
                    rpc.close();
                    throw e;
                }
                try {
                    Thread.sleep(25);
                } catch (InterruptedException stopping) {
                    // Nobody else knows it yet, so nobody else would end it.
                    process.destroyForcibly();
                    rpc.close();
                    throw stopping;
                }
            }
        }
    }

    /** After a kill of the server alone, its anvil still runs; nobody else may, since the data folder is locked. */
    static boolean stopOrphan(Path binary, Path folder) throws IOException, InterruptedException {
        Path pidFile = folder.resolve("anvil.pid");
        if (!Files.exists(pidFile)) {
            return false;
        }
        String[] known = Files.readString(pidFile).strip().split(" ");
        ProcessHandle orphan = ProcessHandle.of(Long.parseLong(known[0])).orElse(null);
        if (orphan == null || !orphan.info().command().map(binary.toString()::equals).orElse(false)) {
            return false;
        }
        try (Rpc rpc = new Rpc(address(Integer.parseInt(known[1])))) {
            keep(folder, rpc);
        } catch (NodeFailed hangs) {
            // Then what was kept last has to do.
        }
        orphan.destroy();
        try {
            orphan.onExit().get(10, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            orphan.destroyForcibly();
        }
        return true;
    }

    /** The port of the run before, for wallets that remember it, or any. */
    static int port(Path folder) throws IOException {
        Path pidFile = folder.resolve("anvil.pid");
        if (Files.exists(pidFile)) {
            try (ServerSocket before = new ServerSocket(Integer.parseInt(Files.readString(pidFile).strip().split(" ")[1]), 1,
                    InetAddress.getLoopbackAddress())) {
                return before.getLocalPort();
            } catch (IOException taken) {
                // By another program.
            }
        }
        for (int i = 0; i < 100; i++) {
            // Below those that the system gives to outgoing connections, which could take it before anvil does.
            int port = ThreadLocalRandom.current().nextInt(20_000, 32_000);
            try (ServerSocket free = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return free.getLocalPort();
            } catch (BindException taken) {
                // By another program.
            }
        }
        try (ServerSocket any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return any.getLocalPort();
        }
    }

    Rpc rpc() {
        return rpc;
    }

    Process process() {
        return process;
    }

    void keep() throws IOException, NodeFailed {
        keep(folder, rpc);
    }

    /** Whole or not at all. */
    private static void keep(Path folder, Rpc rpc) throws IOException, NodeFailed {
        byte[] packed = rpc.bytes("anvil_dumpState");
        Path part = folder.resolve("state.json.part");
        try (FileChannel file = FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
                StandardOpenOption.TRUNCATE_EXISTING);
                OutputStream out = Channels.newOutputStream(file);
                GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(packed))) {
            in.transferTo(out);
            file.force(true);
        }
        Files.move(part, state(folder), StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    void stop() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        rpc.close();
    }

    private static Path state(Path folder) {
        return folder.resolve("state.json");
    }
}
