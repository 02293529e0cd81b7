package farthing.market;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

/** The settings that decide what is embedded; everything else is configuration of its own feature. */
record Settings(boolean production, Path data, String host, int port, @Nullable String databaseUrl) {

    static Settings of(Map<String, String> environment) {
        String mode = environment.getOrDefault("FARTHING_MODE", "trial");
        if (!mode.equals("trial") && !mode.equals("production")) {
            throw new CannotStart("FARTHING_MODE is '" + mode + "'; it must be 'trial' or 'production'.");
        }
        boolean production = mode.equals("production");
        if (production) {
            requireAll(environment, "FARTHING_DATABASE_URL", "FARTHING_DATABASE_USER", "FARTHING_DATABASE_PASSWORD",
                    "FARTHING_PUBLIC_URL", "FARTHING_SIGNER_KEY", "FARTHING_SESSION_SECRET");
        }
        return new Settings(production, Path.of(environment.getOrDefault("FARTHING_DATA", "data")).toAbsolutePath(),
                environment.getOrDefault("FARTHING_HOST", "127.0.0.1"),
                port(environment.getOrDefault("FARTHING_PORT", "8080")), environment.get("FARTHING_DATABASE_URL"));
    }

    private static void requireAll(Map<String, String> environment, String... names) {
        List<String> missing = new ArrayList<>();
        for (String name : names) {
            if (environment.getOrDefault(name, "").isBlank()) {
                missing.add(name);
            }
        }
        if (!missing.isEmpty()) {
            throw new CannotStart("production mode uses nothing embedded and these settings are missing: "
                    + String.join(", ", missing) + " (docs/configuration.md says what each is).");
        }
    }

    private static int port(String value) {
        try {
            int port = Integer.parseInt(value);
            if (port >= 1 && port <= 65535) {
                return port;
            }
        } catch (NumberFormatException notANumber) {
            // Said below, together with numbers out of range.
        }
        throw new CannotStart("FARTHING_PORT is '" + value + "'; it must be a number from 1 to 65535.");
    }
}
