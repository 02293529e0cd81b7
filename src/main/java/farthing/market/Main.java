package farthing.market;

import java.util.concurrent.CountDownLatch;

import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;

/**
 * Starts what is embedded, then the application, and ends both in the reverse order. Public because the jar runner asks for it.
 */
@QuarkusMain
public class Main {

    public static void main(String[] args) {
        Embedded embedded;
        try {
            embedded = Embedded.start(Settings.of(System.getenv()));
        } catch (CannotStart problem) {
            System.err.println("farthing: " + problem.getMessage());
            System.exit(1);
            return;
        }
        CountDownLatch ended = new CountDownLatch(1);
        // The JVM halts when its hooks have returned, and Quarkus' hook returns before PostgreSQL has been stopped.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> awaitQuietly(ended), "farthing-end"));
        Quarkus.run(null, (exitCode, cause) -> {
            embedded.close();
            ended.countDown();
            if (cause != null) {
                System.err.println("farthing: could not start: " + rootOf(cause).getMessage());
            }
            System.exit(exitCode);
        }, args);
    }

    private static Throwable rootOf(Throwable cause) {
        Throwable root = cause;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root;
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
