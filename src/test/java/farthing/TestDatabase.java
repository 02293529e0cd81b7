package farthing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

import javax.sql.DataSource;

import org.flywaydb.core.Flyway;
import org.postgresql.ds.PGSimpleDataSource;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;

/** A real PostgreSQL for the tests, one per run; the application also gets {@link TestChain}. */
public class TestDatabase implements QuarkusTestResourceLifecycleManager {

    private static EmbeddedPostgres postgres;
    /** Has all tables and no rows but those of the migrations; copied, as migrating takes much longer. */
    private static final String TEMPLATE = "migrated";
    private static final Set<String> MIGRATED = new HashSet<>();

    @Override
    public Map<String, String> start() {
        Map<String, String> settings = new HashMap<>(TestChain.settings());
        settings.put("quarkus.datasource.jdbc.url", url());
        settings.put("farthing.metering.sole-instance", "true");
        settings.put("farthing.chain.follow.every", "100ms");
        return settings;
    }

    public static synchronized String url() {
        try {
            if (postgres == null) {
                postgres = EmbeddedPostgres.builder().setServerConfig("synchronous_commit", "on")
                        .setPGStartupWait(Duration.ofMinutes(2)).start();
            }
            return postgres.getJdbcUrl("postgres", "postgres");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The database with all tables, for tests without a container. */
    public static synchronized DataSource migrated() {
        DataSource source = at("postgres");
        if (MIGRATED.add("postgres")) {
            migrate(source);
        }
        return source;
    }

    /** Another database on the same server, for tests that must not meet the application. */
    public static synchronized DataSource separate(String name) {
        if (MIGRATED.add(name)) {
            try {
                if (MIGRATED.add(TEMPLATE)) {
                    migrate(empty(TEMPLATE));
                }
                execute("create database " + name + " template " + TEMPLATE);
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        }
        return at(name);
    }

    /** A new database without tables. */
    public static PGSimpleDataSource empty(String name) throws SQLException {
        execute("create database " + name);
        return at(name);
    }

    private static void execute(String statement) throws SQLException {
        try (var connection = at("postgres").getConnection(); var database = connection.createStatement()) {
            database.execute(statement);
        }
    }

    private static PGSimpleDataSource at(String name) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(url().replace("/postgres?", "/" + name + "?"));
        return source;
    }

    private static void migrate(DataSource source) {
        Flyway.configure().dataSource(source).load().migrate();
    }

    @Override
    public void stop() {
        // The library stops it with the JVM; other test classes of this run still use it.
    }
}
