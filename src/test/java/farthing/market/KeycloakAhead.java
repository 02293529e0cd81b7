package farthing.market;

import java.io.IOException;

import org.jspecify.annotations.Nullable;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.LauncherSessionListener;

/** Prepares Keycloak beside tests that leave a processor idle, for those that come later and do not. */
public final class KeycloakAhead implements LauncherSessionListener {

    private @Nullable Thread preparing;

    @Override
    public void launcherSessionOpened(LauncherSession session) {
        if (Boolean.getBoolean("farthing.keycloak-ahead")) {
            preparing = Thread.ofPlatform().name("keycloak-ahead").daemon().start(() -> {
                try {
                    Keycloak.prepare();
                } catch (IOException | InterruptedException | RuntimeException | AssertionError e) {
                    System.out.println("Keycloak is not prepared ahead: " + e.getMessage());
                }
            });
        }
    }

    /** A process that ended before would leave a half of it behind. */
    @Override
    public void launcherSessionClosed(LauncherSession session) {
        Thread thread = preparing;
        if (thread != null) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
