package farthing.metering;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * Statements that change rows, sent to the database together and answered together. A commit waits for each answer, and on a
 * busy machine for its turn on a processor after each.
 */
final class RoundTrip {

    interface Parameters {

        /**
         * Sets the statement's own parameters.
         *
         * @param first the number of the first
         * @return that of the first of the next statement
         */
        int set(PreparedStatement statement, int first) throws SQLException;
    }

    private final List<String> statements = new ArrayList<>();
    private final List<Parameters> parameters = new ArrayList<>();

    void add(String statement, Parameters its) {
        statements.add(statement);
        parameters.add(its);
    }

    /** Runs them in their order; when one fails, none after it runs. */
    void send(Connection connection) throws SQLException {
        // The driver parses and prepares each of them by itself.
        try (PreparedStatement all = connection.prepareStatement(String.join(";\n", statements))) {
            int next = 1;
            for (Parameters each : parameters) {
                next = each.set(all, next);
            }
            all.execute();
        }
    }
}
