package farthing.market;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

import farthing.blob.BlobsAddress;
import farthing.chain.Address;
import farthing.chain.MalformedAddress;
import farthing.chain.SigningKey;
import farthing.chain.WellKnownKeys;

/** The settings that decide what is embedded; everything else is configuration of its own feature. */
record Settings(boolean production, Path data, String host, int port, @Nullable Database database, boolean ownChain) {

    /** A database that somebody else runs. */
    record Database(String url, String user, String password) {
    }

    /** What production has no default for. */
    static final List<String> NEEDED = List.of("FARTHING_DATABASE_URL", "FARTHING_DATABASE_USER", "FARTHING_DATABASE_PASSWORD",
            "FARTHING_BLOBS_URL", "FARTHING_PUBLIC_URL", "FARTHING_CHAIN_ID", "FARTHING_CHAIN_RPC_URL", "FARTHING_VAULT",
            "FARTHING_TOKEN", "FARTHING_REGISTRY", "FARTHING_OPERATOR_KEY", "FARTHING_PLATFORM_PAYEE", "FARTHING_SIGNER_KEY",
            "FARTHING_SESSION_SECRET");

    /** What stands on a chain that somebody else runs. */
    private static final List<String> OF_A_CHAIN = List.of("FARTHING_CHAIN_ID", "FARTHING_VAULT", "FARTHING_TOKEN",
            "FARTHING_REGISTRY", "FARTHING_OPERATOR_KEY");
    private static final List<String> OF_AN_ORGANISATION = List.of("FARTHING_OIDC_CLIENT_ID", "FARTHING_OIDC_CLIENT_SECRET",
            "FARTHING_OIDC_LABEL", "FARTHING_OIDC_ADMIN");
    private static final int SHORTEST_CLIENT_SECRET = 32;
    private static final List<String> ADDRESSES = List.of("FARTHING_VAULT", "FARTHING_TOKEN", "FARTHING_REGISTRY",
            "FARTHING_PLATFORM_PAYEE");

    static Settings of(Map<String, String> environment) {
        String mode = get(environment, "FARTHING_MODE", "trial");
        if (!mode.equals("trial") && !mode.equals("production")) {
            throw new CannotStart("FARTHING_MODE is '" + mode + "'; it must be 'trial' or 'production'.");
        }
        boolean production = mode.equals("production");
        if (production) {
            requireAll(environment);
            requireOwnKey("FARTHING_SIGNER_KEY", get(environment, "FARTHING_SIGNER_KEY", ""));
            requireOwnKey("FARTHING_OPERATOR_KEY", get(environment, "FARTHING_OPERATOR_KEY", ""));
        }
        boolean ownChain = !given(environment, "FARTHING_CHAIN_RPC_URL");
        checkChain(environment, ownChain);
        checkBlobs(get(environment, "FARTHING_BLOBS_URL", ""));
        checkOrganisation(environment, production);
        return new Settings(production, Path.of(get(environment, "FARTHING_DATA", "data")).toAbsolutePath().normalize(),
                get(environment, "FARTHING_HOST", "127.0.0.1"), port(get(environment, "FARTHING_PORT", "8080")),
                database(environment), ownChain);
    }

    /** The database of production, which is all that a migration needs. */
    static Database migrating(Map<String, String> environment) {
        List<String> missing = NEEDED.stream().filter(name -> name.startsWith("FARTHING_DATABASE_"))
                .filter(name -> !given(environment, name)).toList();
        if (!missing.isEmpty()) {
            throw new CannotStart("a migration needs the database, and these settings are missing: "
                    + String.join(", ", missing) + " (docs/configuration.md says what each is). A trial migrates its own.");
        }
        return Objects.requireNonNull(database(environment));
    }

    private static boolean given(Map<String, String> environment, String name) {
        return !get(environment, name, "").isEmpty();
    }

    private static void checkChain(Map<String, String> environment, boolean ownChain) {
        List<String> odd = OF_A_CHAIN.stream().filter(name -> given(environment, name) == ownChain).toList();
        if (ownChain && !odd.isEmpty()) {
            throw new CannotStart(
                    String.join(", ", odd) + " cannot be set without FARTHING_CHAIN_RPC_URL: the chain that a trial"
                            + " brings has its own.");
        }
        if (!odd.isEmpty()) {
            throw new CannotStart("FARTHING_CHAIN_RPC_URL names a chain, and these settings that go with it are missing: "
                    + String.join(", ", odd) + " (docs/configuration.md says what each is).");
        }
        checkUrl(environment, "FARTHING_CHAIN_RPC_URL");
        checkUrl(environment, "FARTHING_CHAIN_PUBLIC_RPC_URL");
        ADDRESSES.forEach(name -> checkAddress(name, get(environment, name, "")));
        for (String wallet : get(environment, "FARTHING_OPERATORS", "").split(",", -1)) {
            checkAddress("FARTHING_OPERATORS", wallet.strip());
        }
    }

    private static void checkUrl(Map<String, String> environment, String name) {
        String url = get(environment, name, "");
        // What a header could not hold is no address either.
        if (!url.isEmpty() && !url.matches("https?://[^\\s;,'\"]+")) {
            throw new CannotStart(name + " is '" + url + "'; it must be the http or https address of an EVM node's JSON-RPC.");
        }
    }

    private static void checkAddress(String name, String text) {
        try {
            if (!text.isEmpty()) {
                if (Arrays.equals(new Address(text).bytes(), new byte[20])) {
                    throw new CannotStart(name + " is the zero address, which nobody has; give one of your own.");
                }
            }
        } catch (MalformedAddress e) {
            throw new CannotStart(name + " is '" + text + "', which is no address: it must be 0x and 40 hex digits.");
        }
    }

    private static String get(Map<String, String> environment, String name, String otherwise) {
        String value = environment.getOrDefault(name, "");
        return value.isBlank() ? otherwise : value;
    }

    private static void requireAll(Map<String, String> environment) {
        List<String> missing = NEEDED.stream().filter(name -> get(environment, name, "").isEmpty()).toList();
        if (!missing.isEmpty()) {
            throw new CannotStart("production mode uses nothing embedded and these settings are missing: "
                    + String.join(", ", missing) + " (docs/configuration.md says what each is).");
        }
    }

    private static void requireOwnKey(String setting, String hex) {
        try {
            WellKnownKeys.refuse(setting, SigningKey.ofHex(hex));
        } catch (IllegalArgumentException e) {
            throw new CannotStart(setting + " is no key: " + e.getMessage() + ".");
        } catch (IllegalStateException e) {
            throw new CannotStart(String.valueOf(e.getMessage()));
        }
    }

    private static void checkBlobs(String url) {
        try {
            if (!url.isEmpty()) {
                BlobsAddress.of(url);
            }
        } catch (IllegalArgumentException e) {
            throw new CannotStart("FARTHING_BLOBS_URL " + e.getMessage());
        }
    }

    private static void checkOrganisation(Map<String, String> environment, boolean production) {
        String url = get(environment, "FARTHING_OIDC_URL", "");
        if (url.isEmpty()) {
            List<String> idle = OF_AN_ORGANISATION.stream().filter(name -> given(environment, name)).toList();
            if (!idle.isEmpty()) {
                throw new CannotStart(String.join(", ", idle) + " cannot be set without FARTHING_OIDC_URL, the issuer whose"
                        + " logins are meant (docs/login.md says what each is).");
            }
            return;
        }
        if (!url.matches(production ? "https://[^\\s?#]+[^\\s?#/]" : "https?://[^\\s?#]+[^\\s?#/]")) {
            throw new CannotStart("FARTHING_OIDC_URL is '" + url + "'; it must be the "
                    + (production ? "https" : "http or https")
                    + " address of an issuer, such as https://login.example.org/realms/farthing, without a slash at its end.");
        }
        // Cookies of a login under way are encrypted with it, the same on every server.
        if (get(environment, "FARTHING_OIDC_CLIENT_SECRET", "").length() < SHORTEST_CLIENT_SECRET) {
            throw new CannotStart("FARTHING_OIDC_URL is set, and FARTHING_OIDC_CLIENT_SECRET is missing or shorter than "
                    + SHORTEST_CLIENT_SECRET + " characters; give the one that Keycloak made for the client.");
        }
        String admin = get(environment, "FARTHING_OIDC_ADMIN", "false");
        if (!admin.equals("true") && !admin.equals("false")) {
            throw new CannotStart("FARTHING_OIDC_ADMIN is '" + admin + "'; it must be 'true' or 'false'.");
        }
        if (admin.equals("true") && !url.contains("/realms/")) {
            throw new CannotStart(
                    "FARTHING_OIDC_ADMIN is 'true', and FARTHING_OIDC_URL is no realm of a Keycloak: it must end in"
                            + " /realms/ and a name.");
        }
    }

    private static @Nullable Database database(Map<String, String> environment) {
        String url = get(environment, "FARTHING_DATABASE_URL", "");
        if (url.isEmpty()) {
            return null;
        }
        if (!url.startsWith("jdbc:postgresql:")) {
            throw new CannotStart("FARTHING_DATABASE_URL must be a JDBC address such as jdbc:postgresql://host:5432/farthing.");
        }
        return new Database(url, get(environment, "FARTHING_DATABASE_USER", "postgres"),
                get(environment, "FARTHING_DATABASE_PASSWORD", ""));
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
