package farthing.engine;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;

import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import javax.sql.DataSource;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

import farthing.web.KeyFolder;
import farthing.web.Site;
import io.quarkus.runtime.StartupEvent;

/**
 * What remote endpoints are asked with, sealed under {@code FARTHING_SECRETS_KEY}, which is not in the database. A secret goes
 * out to its endpoint alone; no method shows it.
 */
@Singleton
public final class RemoteSecrets implements RemoteEndpoints.Secrets {

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int SHORTEST_KEY = 32;
    private static final int LONGEST_SECRET = 4096;
    private static final int IV_BYTES = 12;
    private static final int TAG_BITS = 128;

    private final DataSource database;
    private final Clock clock;
    private final @Nullable SecretKeySpec key;

    /** @param configured at least 32 characters; a trial makes its own, production does without while nothing is kept */
    RemoteSecrets(@ConfigProperty(name = "farthing.secrets-key") Optional<String> configured, DataSource database, Site site,
            KeyFolder keys, Clock clock) {
        this.database = database;
        this.clock = clock;
        this.key = configured.or(() -> site.production() ? Optional.empty() : Optional.of(keys.get("secrets-key", () -> {
            byte[] bytes = new byte[32];
            RANDOM.nextBytes(bytes);
            return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
        }))).map(RemoteSecrets::key).orElse(null);
    }

    private static SecretKeySpec key(String text) {
        if (text.length() < SHORTEST_KEY) {
            throw new IllegalStateException("FARTHING_SECRETS_KEY has " + text.length() + " characters; it needs at least "
                    + SHORTEST_KEY);
        }
        try {
            // It is random already: a hash makes it as long as AES needs it.
            return new SecretKeySpec(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)), "AES");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A server that could not ask an endpoint it lists does not start. */
    void start(@Observes StartupEvent event) {
        query("select of_version, sealed from remote_secret limit 1", _ -> {
        }, row -> {
            if (key == null) {
                throw new IllegalStateException("remote endpoints are listed here, and FARTHING_SECRETS_KEY is missing, under"
                        + " which their secrets are kept");
            }
            try {
                return open(row.getString(1), row.getBytes(2));
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException(
                        "FARTHING_SECRETS_KEY is not the one under which the secrets of remote endpoints"
                                + " are kept here",
                        e);
            }
        });
    }

    /**
     * Keeps the secret of a version, instead of an earlier one if there is one.
     *
     * @param version {@link Loadable#id}, or any other name while there is none; see {@link #rename}
     * @throws WrongEndpoint if it cannot be sent in a header, or this server has no key to keep it under
     */
    public void keep(String version, String secret) {
        check(secret);
        byte[] sealed = seal(version, secret);
        update("insert into remote_secret (of_version, sealed, changed_at) values (?, ?, ?) on conflict (of_version) do update"
                + " set sealed = excluded.sealed, changed_at = excluded.changed_at", row -> {
                    row.setString(1, version);
                    row.setBytes(2, sealed);
                    row.setObject(3, clock.instant().atOffset(ZoneOffset.UTC));
                });
    }

    /** What was kept under one name is kept under another from now on; nothing where nothing is kept. */
    public void rename(String from, String to) {
        of(from).ifPresent(secret -> {
            keep(to, secret);
            forget(from);
        });
    }

    public void forget(String version) {
        update("delete from remote_secret where of_version = ?", row -> row.setString(1, version));
    }

    @Override
    public Optional<String> of(String version) {
        return query("select of_version, sealed from remote_secret where of_version = ?", row -> row.setString(1, version),
                row -> {
                    try {
                        return open(row.getString(1), row.getBytes(2));
                    } catch (GeneralSecurityException e) {
                        throw new IllegalStateException("the secret of " + version + " cannot be opened", e);
                    }
                });
    }

    static void check(String secret) {
        if (!secret.matches("[\\x21-\\x7e]{1," + LONGEST_SECRET + "}")) {
            throw new WrongEndpoint("endpoint.secret", "The endpoint's secret must be 1 to " + LONGEST_SECRET
                    + " letters, digits and signs without spaces, as it stands behind 'Authorization: Bearer'.");
        }
    }

    private byte[] seal(String version, String secret) {
        if (key == null) {
            throw new WrongEndpoint("endpoint.secret", "This server cannot keep a secret yet: its operator has to set"
                    + " FARTHING_SECRETS_KEY.");
        }
        byte[] iv = new byte[IV_BYTES];
        RANDOM.nextBytes(iv);
        try {
            byte[] sealed = cipher(Cipher.ENCRYPT_MODE, key, iv, version).doFinal(secret.getBytes(StandardCharsets.UTF_8));
            byte[] whole = Arrays.copyOf(iv, IV_BYTES + sealed.length);
            System.arraycopy(sealed, 0, whole, IV_BYTES, sealed.length);
            return whole;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private String open(String version, byte[] sealed) throws GeneralSecurityException {
        if (key == null) {
            throw new GeneralSecurityException("there is no key");
        }
        byte[] plain = cipher(Cipher.DECRYPT_MODE, key, Arrays.copyOf(sealed, IV_BYTES), version).doFinal(sealed, IV_BYTES,
                sealed.length - IV_BYTES);
        return new String(plain, StandardCharsets.UTF_8);
    }

    /** Bound to its version: a row that is copied to another version's name sends its secret nowhere. */
    private static Cipher cipher(int mode, SecretKeySpec key, byte[] iv, String version) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, iv));
        cipher.updateAAD(version.getBytes(StandardCharsets.UTF_8));
        return cipher;
    }

    private interface Parameters {
        void set(PreparedStatement statement) throws SQLException;
    }

    private interface Row {
        String read(ResultSet row) throws SQLException;
    }

    private Optional<String> query(String sql, Parameters parameters, Row read) {
        try (Connection connection = database.getConnection(); PreparedStatement query = connection.prepareStatement(sql)) {
            parameters.set(query);
            try (ResultSet row = query.executeQuery()) {
                return row.next() ? Optional.of(read.read(row)) : Optional.empty();
            }
        } catch (SQLException e) {
            throw new IllegalStateException("the secrets of remote endpoints cannot be read", e);
        }
    }

    private void update(String sql, Parameters parameters) {
        try (Connection connection = database.getConnection(); PreparedStatement update = connection.prepareStatement(sql)) {
            parameters.set(update);
            update.executeUpdate();
        } catch (SQLException e) {
            throw new IllegalStateException("the secrets of remote endpoints cannot be kept", e);
        }
    }
}
