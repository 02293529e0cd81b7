package farthing.market;

import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.output.MigrateResult;

/** The same migrations that a server makes at its start, without a server. */
final class Migration {

    private Migration() {
    }

    /**
     * Waits for another migration of the same database to end; then there is nothing left to do.
     *
     * @return what was done, in a sentence
     * @throws CannotStart when the database is away, or is not one of ours
     */
    static String run(Settings.Database database) {
        Embedded.requireAnswer(database);
        try {
            MigrateResult done = Flyway.configure(Migration.class.getClassLoader())
                    .dataSource(database.url(), database.user(), database.password()).load().migrate();
            return done.migrationsExecuted == 0
                    ? "the database is at version " + done.initialSchemaVersion + ", as this release needs it"
                    : "migrated the database to version " + done.targetSchemaVersion;
        } catch (FlywayException e) {
            throw new CannotStart("the database could not be migrated: " + String.valueOf(e.getMessage()).strip());
        }
    }
}
