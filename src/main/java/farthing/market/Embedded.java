package farthing.market;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;

import farthing.chain.Deployment;
import farthing.chain.EmbeddedChain;
import farthing.chain.SigningKey;
import farthing.identity.Demo;
import farthing.web.KeyFolder;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;

/** What the trial brings itself: the locked data folder, and a real PostgreSQL and a real chain in it. */
class Embedded implements AutoCloseable {

    private final FileLock lock;
    private final @Nullable EmbeddedPostgres postgres;
    private final @Nullable EmbeddedChain chain;

    private Embedded(FileLock lock, @Nullable EmbeddedPostgres postgres, @Nullable EmbeddedChain chain) {
        this.lock = lock;
        this.postgres = postgres;
        this.chain = chain;
    }

    static Embedded start(Settings settings) {
        requireFreePort(settings);
        FileLock lock = lock(settings.data());
        System.setProperty("farthing.data", settings.data().toString());
        System.setProperty("farthing.mode", settings.production() ? "production" : "trial");
        System.setProperty("farthing.host", settings.host());
        System.setProperty("farthing.port", Integer.toString(settings.port()));
        EmbeddedChain chain = settings.production() ? null : chain(settings);
        try {
            return start(settings, lock, chain);
        } catch (CannotStart e) {
            if (chain != null) {
                chain.close();
            }
            throw e;
        }
    }

    private static Embedded start(Settings settings, FileLock lock, @Nullable EmbeddedChain chain) {
        if (settings.database() != null) {
            requireAnswer(settings.database());
            return new Embedded(lock, null, chain);
        }
        Progress.say("starting PostgreSQL in " + settings.data().resolve("postgres"));
        EmbeddedPostgres postgres = postgres(settings.data());
        System.setProperty("farthing.database.url", postgres.getJdbcUrl("postgres", "postgres"));
        // Whoever holds the folder's lock is alone on this database, so leases found open in it belong to the dead.
        System.setProperty("farthing.metering.sole-instance", "true");
        return new Embedded(lock, postgres, chain);
    }

    /** The trial's own keys and, unless it is given a chain, its chain. */
    private static @Nullable EmbeddedChain chain(Settings settings) {
        KeyFolder folder = KeyFolder.ofTrial(settings.data());
        if (System.getenv("FARTHING_PLATFORM_PAYEE") == null) {
            System.setProperty("farthing.platform-payee", key(folder, "platform").address().text());
        }
        if (!settings.ownChain()) {
            return null;
        }
        EmbeddedChain.Keys keys = new EmbeddedChain.Keys(key(folder, "chain-deployer"), key(folder, "operator"),
                key(folder, "chain-guardian"), key(folder, "chain-cold"), Demo.wallets(folder));
        Path at = settings.data().resolve("chain");
        Progress.say("starting a chain in " + at);
        try {
            EmbeddedChain chain = EmbeddedChain.start(EmbeddedChain.binary(Path.of("src/main/native/node_modules")), at, keys,
                    Progress::say);
            Deployment deployment = chain.deployment();
            System.setProperty("farthing.chain.embedded", "true");
            System.setProperty("farthing.chain.id", Long.toString(deployment.chainId()));
            System.setProperty("farthing.chain.rpc-url", deployment.rpc().toString());
            System.setProperty("farthing.chain.public-rpc-url", deployment.rpc().toString());
            System.setProperty("farthing.vault", deployment.vault().text());
            System.setProperty("farthing.token", deployment.token().text());
            System.setProperty("farthing.registry", deployment.registry().text());
            return chain;
        } catch (IllegalStateException e) {
            throw new CannotStart(String.valueOf(e.getMessage()));
        }
    }

    private static SigningKey key(KeyFolder folder, String name) {
        return SigningKey.ofHex(folder.get(name, () -> SigningKey.generate(new SecureRandom()).secretHex()));
    }

    @Override
    public void close() {
        if (chain != null) {
            chain.close();
        }
        try {
            if (postgres != null) {
                postgres.close();
            }
            lock.channel().close();
        } catch (IOException e) {
            System.err.println("farthing: could not stop PostgreSQL cleanly: " + e.getMessage());
        }
    }

    /** @throws CannotStart when nobody gets in */
    static void requireAnswer(Settings.Database database) {
        try {
            DriverManager.setLoginTimeout(10);
            DriverManager.getConnection(database.url(), database.user(), database.password()).close();
        } catch (SQLException e) {
            throw new CannotStart("the database at FARTHING_DATABASE_URL does not let us in ("
                    + String.valueOf(e.getMessage()).strip() + "); check its address, user and password, and that it runs.");
        }
    }

    private static void requireFreePort(Settings settings) {
        try (ServerSocket probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(new InetSocketAddress(InetAddress.getByName(settings.host()), settings.port()));
        } catch (UnknownHostException e) {
            throw new CannotStart("FARTHING_HOST is '" + settings.host() + "', which is no address of this machine.");
        } catch (IOException e) {
            throw new CannotStart("port " + settings.port() + " on " + settings.host() + " is in use; stop what uses it or set"
                    + " FARTHING_PORT to a free port.");
        }
    }

    private static FileLock lock(Path data) {
        try {
            Files.createDirectories(data);
            FileChannel channel = FileChannel.open(data.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = channel.tryLock();
            if (lock == null) {
                channel.close();
                throw inUse(data);
            }
            return lock;
        } catch (OverlappingFileLockException e) {
            throw inUse(data);
        } catch (IOException e) {
            throw new CannotStart("the data folder " + data + " cannot be written (" + reason(e)
                    + "); make it a writable folder or set FARTHING_DATA to another.");
        }
    }

    private static String reason(IOException e) {
        return switch (e) {
            case AccessDeniedException denied -> denied.getFile() + ": permission denied";
            case FileAlreadyExistsException file -> file.getFile() + " is not a folder";
            default -> String.valueOf(e.getMessage());
        };
    }

    private static CannotStart inUse(Path data) {
        return new CannotStart("another server already runs on the data folder " + data
                + "; stop it or set FARTHING_DATA to another folder.");
    }

    private static EmbeddedPostgres postgres(Path data) {
        Path cluster = data.resolve("postgres");
        Path binaries = data.resolve("postgres-binaries");
        // Written once the cluster has run: a start that was killed while it was being made leaves half of one.
        Path complete = data.resolve("postgres-complete");
        stopOrphan(cluster, binaries);
        try {
            if (Files.exists(cluster) && !Files.exists(complete)) {
                Files.move(cluster, data.resolve("postgres-incomplete-" + ProcessHandle.current().pid()));
            }
            File log = data.resolve("postgres.log").toFile();
            EmbeddedPostgres postgres = EmbeddedPostgres.builder().setDataDirectory(cluster).setCleanDataDirectory(false)
                    .setOverrideWorkingDirectory(binaries.toFile()).setRegisterShutdownHook(false)
                    // The library's own default is "off"; an acknowledged call must be on the disk.
                    .setServerConfig("synchronous_commit", "on").setServerConfig("fsync", "on")
                    .setServerConfig("max_connections", "100").setServerConfig("listen_addresses", "127.0.0.1")
                    .setOutputRedirector(ProcessBuilder.Redirect.appendTo(log))
                    .setErrorRedirector(ProcessBuilder.Redirect.appendTo(log)).setPGStartupWait(Duration.ofSeconds(60))
                    .start();
            Files.writeString(complete, "");
            return postgres;
        } catch (IOException | RuntimeException e) {
            throw new CannotStart("the embedded PostgreSQL did not start (" + e.getMessage() + "); see "
                    + data.resolve("postgres.log") + ".");
        }
    }

    /** After a kill of the server alone its PostgreSQL still runs on the cluster; nobody else may, since we hold the lock. */
    private static void stopOrphan(Path cluster, Path binaries) {
        Path pidFile = cluster.resolve("postmaster.pid");
        if (!Files.exists(pidFile)) {
            return;
        }
        try {
            List<String> lines = Files.readAllLines(pidFile);
            long pid = Long.parseLong(lines.get(0).strip());
            ProcessHandle process = ProcessHandle.of(pid).orElse(null);
            boolean ours = process != null
                    && process.info().command().map(c -> c.startsWith(binaries.toString())).orElse(false);
            if (process != null && ours) {
                Progress.say("stopping the PostgreSQL that an ended server left behind");
                process.destroy();
                process.onExit().get(60, TimeUnit.SECONDS);
            }
        } catch (Exception e) {
            throw new CannotStart("an earlier PostgreSQL still runs on " + cluster + " and did not stop (" + e.getMessage()
                    + "); stop it and start again.");
        }
    }
}
