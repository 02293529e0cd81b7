package farthing.engine;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

import javax.sql.DataSource;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import farthing.web.Seals;
import io.quarkus.runtime.StartupEvent;

/**
 * What remote endpoints are asked with, sealed under {@code FARTHING_SECRETS_KEY}, which is not in the database. A secret goes
 * out to its endpoint alone; no method shows it.
 */
@Singleton
public final class RemoteSecrets implements RemoteEndpoints.Secrets {

    private static final int LONGEST_SECRET = 4096;

    private static final Duration KNOWN_FOR = Duration.ofSeconds(1);

    private record Known(Optional<String> secret, long since) {
    }

    private final Map<String, Known> known = new ConcurrentHashMap<>();
    private final DataSource database;
    private final Clock clock;
    private final Seals seals;

    RemoteSecrets(DataSource database, Seals seals, Clock clock) {
        this.database = database;
        this.seals = seals;
        this.clock = clock;
    }

    /** A server that could not ask an endpoint it lists does not start. */
    void start(@Observes StartupEvent event) {
        query("select of_version, sealed from remote_secret limit 1", _ -> {
        }, row -> {
            seals.requireOpens("the secrets of remote endpoints", row.getString(1), row.getBytes(2));
            return row.getString(1);
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
        known.remove(version);
    }

    /** What was kept under one name is kept under another from now on; nothing where nothing is kept. */
    public void rename(String from, String to) {
        lookUp(from).ifPresent(secret -> {
            keep(to, secret);
            forget(from);
        });
    }

    public void forget(String version) {
        update("delete from remote_secret where of_version = ?", row -> row.setString(1, version));
        known.remove(version);
    }

    /** From memory where it was looked up within a second; what another server changes is known here soon after. */
    @Override
    public Optional<String> of(String version) {
        Known found = known.get(version);
        long now = System.nanoTime();
        if (found != null && now - found.since < KNOWN_FOR.toNanos()) {
            return found.secret;
        }
        Known fresh = new Known(lookUp(version), now);
        known.put(version, fresh);
        return fresh.secret;
    }

    private Optional<String> lookUp(String version) {
        return query("select of_version, sealed from remote_secret where of_version = ?", row -> row.setString(1, version),
                row -> seals.open(row.getString(1), row.getBytes(2)));
    }

    static void check(String secret) {
        if (!secret.matches("[\\x21-\\x7e]{1," + LONGEST_SECRET + "}")) {
            throw new WrongEndpoint("endpoint.secret", "The endpoint's secret must be 1 to " + LONGEST_SECRET
                    + " letters, digits and signs without spaces, as it stands behind 'Authorization: Bearer'.");
        }
    }

    private byte[] seal(String version, String secret) {
        try {
            return seals.seal(version, secret);
        } catch (Seals.NoKey e) {
            throw new WrongEndpoint("endpoint.secret", "This server cannot keep a secret yet: " + e.getMessage() + ".");
        }
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
