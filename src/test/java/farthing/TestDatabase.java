package farthing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;

import javax.sql.DataSource;

import org.flywaydb.core.Flyway;
import org.postgresql.ds.PGSimpleDataSource;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;

/** A real PostgreSQL for the tests, one per run. */
public class TestDatabase implements QuarkusTestResourceLifecycleManager {

    private static EmbeddedPostgres postgres;
    private static boolean migrated;

    @Override
    public Map<String, String> start() {
        return Map.of("quarkus.datasource.jdbc.url", url(), "farthing.metering.sole-instance", "true");
    }

    public static synchronized String url() {
        try {
            if (postgres == null) {
                postgres = EmbeddedPostgres.builder().setServerConfig("synchronous_commit", "on").start();
            }
            return postgres.getJdbcUrl("postgres", "postgres");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The database with all tables, for tests without a container. */
    public static DataSource migrated() {
        String url = url();
        synchronized (TestDatabase.class) {
            PGSimpleDataSource source = new PGSimpleDataSource();
            source.setUrl(url);
            if (!migrated) {
                Flyway.configure().dataSource(source).load().migrate();
                migrated = true;
            }
            return source;
        }
    }

    @Override
    public void stop() {
        // The library stops it with the JVM; other test classes of this run still use it.
    }
}
