package farthing.metering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

import javax.sql.DataSource;

import org.junit.jupiter.api.Test;

import farthing.TestDatabase;

class RoundTripTest {

    private static final String INSERT = "insert into trip values (?, ?)";

    private final DataSource source = TestDatabase.separate("metering");

    @Test
    void eachStatementHasItsOwnParametersAndSeesWhatThoseBeforeItDid() throws Exception {
        try (Connection connection = begin()) {
            // More often than the driver needs before it lets the database prepare them.
            for (int round = 0; round < 12; round++) {
                RoundTrip trip = new RoundTrip();
                trip.add(INSERT, row(round, "new"));
                trip.add("update trip set name = name || ? || '?' where number = ?", (update, first) -> {
                    update.setString(first, " and seen");
                    update.setInt(first + 1, 11);
                    return first + 2;
                });
                trip.add("delete from trip where number = 3", (delete, first) -> first);
                trip.send(connection);
            }
            assertThat(rows(connection)).hasSize(11).contains("0 new", "10 new", "11 new and seen?").doesNotContain("3 new");
        }
    }

    @Test
    void whenOneFailsNothingAfterItRunsAndNothingIsLeft() throws Exception {
        try (Connection connection = begin()) {
            RoundTrip trip = new RoundTrip();
            trip.add(INSERT, row(1, "first"));
            trip.add(INSERT, row(1, "again"));
            trip.add(INSERT, row(2, "after"));
            assertThatThrownBy(() -> trip.send(connection)).isInstanceOfSatisfying(SQLException.class,
                    e -> assertThat(e.getSQLState()).isEqualTo("23505"));
            connection.rollback();
            assertThat(rows(connection)).isEmpty();
            RoundTrip next = new RoundTrip();
            next.add(INSERT, row(2, "after"));
            next.send(connection);
            assertThat(rows(connection)).containsExactly("2 after");
        }
    }

    private Connection begin() throws SQLException {
        Connection connection = source.getConnection();
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("create temporary table trip (number integer primary key, name text)");
        }
        connection.commit();
        return connection;
    }

    private static RoundTrip.Parameters row(int number, String name) {
        return (insert, first) -> {
            insert.setInt(first, number);
            insert.setString(first + 1, name);
            return first + 2;
        };
    }

    private static List<String> rows(Connection connection) throws SQLException {
        List<String> rows = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select number || ' ' || name from trip order by number")) {
            while (row.next()) {
                rows.add(row.getString(1));
            }
        }
        return rows;
    }
}
