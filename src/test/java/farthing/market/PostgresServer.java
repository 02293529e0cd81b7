package farthing.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

import farthing.Ports;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;

/** A PostgreSQL of a test's own, which ends as the test says and starts again with the same port and data. */
final class PostgresServer implements AutoCloseable {

    final int port;
    private final Path data;
    private final Path log;
    private final Path control;

    /** @param folder of its own; the data may be put elsewhere */
    PostgresServer(Path folder, Path data) {
        this.data = data;
        this.log = folder.resolve("postgres.log");
        try {
            port = Ports.free();
            Redirect output = Redirect.appendTo(log.toFile());
            Path unpacked = folder.resolve("postgres-binaries");
            EmbeddedPostgres.builder().setDataDirectory(data).setCleanDataDirectory(false)
                    .setOverrideWorkingDirectory(unpacked.toFile()).setRegisterShutdownHook(false)
                    .setPort(port).setServerConfig("synchronous_commit", "on").setServerConfig("fsync", "on")
                    .setServerConfig("max_wal_size", "96MB")
                    .setServerConfig("max_connections", "100").setServerConfig("listen_addresses", "127.0.0.1")
                    .setPGStartupWait(Duration.ofMinutes(2)).setOutputRedirector(output).setErrorRedirector(output).start();
            try (Stream<Path> files = Files.walk(unpacked)) {
                control = files.filter(file -> file.endsWith("bin/pg_ctl")).findAny().orElseThrow();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Runtime.getRuntime().addShutdownHook(new Thread(() -> control("stop", "-m", "immediate")));
    }

    String url(int through) {
        return "jdbc:postgresql://127.0.0.1:" + through + "/postgres";
    }

    Connection connect() throws SQLException {
        return DriverManager.getConnection(url(port), "postgres", "");
    }

    /** As in a crash: nothing is written any more, and the next start recovers. */
    void stopImmediately() {
        assertThat(control("stop", "-m", "immediate", "-w")).isZero();
    }

    /** With the options it had. */
    void startAgain() {
        assertThat(control("restart", "-w", "-t", "60")).as("PostgreSQL starts again; see " + log).isZero();
    }

    boolean runs() {
        return control("status") == 0;
    }

    private int control(String... arguments) {
        List<String> command = new ArrayList<>();
        if (System.getProperty("user.name").equals("root")) {
            // It refuses to be run by root.
            command.addAll(List.of("unshare", "-U"));
        }
        command.addAll(List.of(control.toString(), "-D", data.toString(), "-l", log.toString()));
        command.addAll(Arrays.asList(arguments));
        try {
            return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(Redirect.DISCARD).start().waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        control("stop", "-m", "fast", "-w");
    }
}
