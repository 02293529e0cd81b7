package farthing.market;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The data folder of a trial that was started once, from nothing, and stopped; others begin with a copy of it, since
 * setting one up takes longer than most of what is tried with it. Its server also wrote down what its JVM learned at the
 * start.
 */
final class Trial {

    private static final Path FOLDER = Path.of("target/trial").toAbsolutePath();
    private static final Path CACHE = FOLDER.resolveSibling("trial.aot");
    private static boolean made;

    private Trial() {
    }

    /** Makes an empty folder one of a trial that was set up before. */
    static void copyTo(Path data) {
        make();
        run("cp", "-a", FOLDER + "/.", data.toString());
        // Else its chain wants the port of the run before, which others that begin at this moment want, too.
        run("rm", data.resolve("chain/anvil.pid").toString());
    }

    /** What lets the same JVM start the same server sooner; nothing before there is any. */
    static synchronized List<String> haste() {
        return made ? List.of("-XX:AOTCache=" + CACHE) : List.of();
    }

    private static synchronized void make() {
        if (made) {
            return;
        }
        try {
            run("rm", "-rf", FOLDER.toString(), CACHE.toString());
            Files.createDirectories(FOLDER);
            try (FarthingProcess server = FarthingProcess.launch(FOLDER, Map.of(), List.of("-XX:AOTCacheOutput=" + CACHE))) {
                server.awaitReady();
            }
            if (!Files.exists(CACHE)) {
                throw new IllegalStateException("the server wrote no " + CACHE);
            }
            made = true;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void run(String... command) {
        try {
            if (new ProcessBuilder(command).inheritIO().start().waitFor() != 0) {
                throw new IllegalStateException(String.join(" ", command) + " failed");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
