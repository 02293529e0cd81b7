package farthing.market;

import java.util.concurrent.CountDownLatch;
import java.util.logging.LogManager;

import org.jspecify.annotations.Nullable;

import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;

/**
 * Starts what is embedded, then the application, and ends both in the reverse order; or, told {@code migrate}, changes the
 * database and starts nothing. Public because the jar runner asks for it.
 */
@QuarkusMain
public class Main {

    private static final CountDownLatch ENDED = new CountDownLatch(1);

    public static void main(String[] args) {
        // A signal makes the JVM log its exit. Were this thread setting up logging at that moment, the two would wait for each
        // other for ever.
        LogManager.getLogManager();
        if (args.length == 1 && args[0].equals("migrate")) {
            migrate();
            return;
        }
        // The JVM halts when its hooks have returned, and Quarkus' hook returns before PostgreSQL has been stopped. A signal that
        // comes while PostgreSQL is starting waits here too, until it is up and stopped again.
        Runtime.getRuntime().addShutdownHook(new Thread(Main::awaitEnd, "farthing-end"));
        Embedded embedded;
        try {
            embedded = Embedded.start(Settings.of(System.getenv()));
        } catch (CannotStart problem) {
            end(problem.getMessage(), 1);
            return;
        }
        try {
            Quarkus.run(null, (exitCode, cause) -> {
                embedded.close();
                end(cause == null ? null : "could not start: " + why(cause), exitCode);
            }, args);
        } catch (IllegalStateException signalled) {
            // Quarkus cannot begin in a JVM that is ending.
            embedded.close();
            end(null, 1);
        }
    }

    /** Brings the database to this release, and ends: what a deployment does before it starts the release's servers. */
    private static void migrate() {
        try {
            Progress.say(Migration.run(Settings.migrating(System.getenv())));
        } catch (CannotStart problem) {
            System.err.println("farthing: " + problem.getMessage());
            System.exit(1);
        }
    }

    private static void end(@Nullable String problem, int exitCode) {
        if (problem != null) {
            System.err.println("farthing: " + problem);
        }
        ENDED.countDown();
        System.exit(exitCode);
    }

    /** The innermost cause that says anything. */
    private static String why(Throwable cause) {
        String why = cause.toString();
        for (Throwable each = cause; each != null; each = each.getCause()) {
            why = each.getMessage() == null ? why : each.getMessage();
        }
        return why;
    }

    private static void awaitEnd() {
        try {
            ENDED.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
