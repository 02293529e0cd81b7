package farthing.engine;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import org.jspecify.annotations.Nullable;

/** One running worker. */
final class WorkerProcess implements Running {

    private final Process process;
    private final Path socket;
    private final StringBuffer complaints = new StringBuffer();
    private volatile @Nullable String killed;

    private WorkerProcess(Process process, Path socket) {
        this.process = process;
        this.socket = socket;
    }

    /** @throws EngineFailed if the worker cannot load its version */
    static WorkerProcess start(Launch launch, WorkerOptions options, Duration loadTime) throws IOException {
        var builder = new ProcessBuilder(launch.command(options)).directory(new File("/"));
        // A worker gets none of the server's settings and secrets.
        builder.environment().clear();
        builder.environment().put("LC_ALL", "C.UTF-8");
        var worker = new WorkerProcess(builder.start(), options.socket());
        try {
            worker.await(loadTime, options.model());
        } catch (RuntimeException e) {
            worker.kill("it did not load its model");
            throw e;
        }
        return worker;
    }

    private void await(Duration loadTime, Path model) {
        Thread.ofPlatform().daemon().start(() -> listen(process.errorReader()));
        var status = new CompletableFuture<String>();
        Thread.ofPlatform().daemon().start(() -> {
            try (BufferedReader out = process.inputReader()) {
                String line = out.readLine();
                status.complete(line == null ? "" : line);
            } catch (IOException e) {
                status.complete("");
            }
        });
        try {
            String line = status.get(loadTime.toMillis(), TimeUnit.MILLISECONDS);
            if (!line.equals(Worker.READY)) {
                String why = line.startsWith(Worker.REFUSED) ? line.substring(Worker.REFUSED.length()) : ending();
                throw new EngineFailed("its model cannot be loaded: "
                        + why.replace(model.toString(), "the file").strip().replaceFirst("\\.?$", "."));
            }
        } catch (TimeoutException e) {
            throw new EngineFailed("its model did not load within " + loadTime.toSeconds() + " s.");
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new EngineFailed("the call was interrupted.");
        }
    }

    private void listen(BufferedReader errors) {
        try (errors) {
            for (String line; (line = errors.readLine()) != null;) {
                if (complaints.length() < 4000) {
                    complaints.append(line).append('\n');
                }
            }
        } catch (IOException | UncheckedIOException e) {
            complaints.append(e.getMessage());
        }
    }

    @Override
    public SocketChannel connect() throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(socket));
    }

    @Override
    public boolean alive() {
        return process.isAlive();
    }

    long pid() {
        return process.pid();
    }

    @Override
    public void kill(String why) {
        killed = why;
        process.destroyForcibly();
        try {
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            complaints.append(e.getMessage());
        }
    }

    @Override
    public void drop(String why) {
        kill(why);
    }

    CompletableFuture<Process> onExit() {
        return process.onExit();
    }

    /** Waits a moment for a process that is just ending. */
    @Override
    public String ending() {
        String reason = killed;
        if (reason != null) {
            return reason;
        }
        try {
            return process.waitFor(10, TimeUnit.SECONDS) ? "its process ended with code " + process.exitValue()
                    : "its process broke off";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "its process broke off";
        }
    }

    @Override
    public String complaints() {
        return complaints.toString().strip();
    }
}
