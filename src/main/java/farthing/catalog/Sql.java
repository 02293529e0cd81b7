package farthing.catalog;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

import javax.sql.DataSource;

/** A statement that grows together with its values. In a transaction it runs in that transaction. */
final class Sql {

    interface Read<T> {
        T of(ResultSet row) throws SQLException;
    }

    private final StringBuilder text = new StringBuilder();
    private final List<Object> values = new ArrayList<>();

    Sql(String text, Object... values) {
        add(text, values);
    }

    Sql add(String more, Object... values) {
        text.append(more);
        this.values.addAll(List.of(values));
        return this;
    }

    Sql add(Sql more) {
        text.append(more.text);
        values.addAll(more.values);
        return this;
    }

    <T> List<T> list(DataSource source, Read<T> read) {
        try (Connection connection = source.getConnection();
                PreparedStatement select = prepared(connection);
                ResultSet row = select.executeQuery()) {
            List<T> list = new ArrayList<>();
            while (row.next()) {
                list.add(read.of(row));
            }
            return list;
        } catch (SQLException e) {
            throw new IllegalStateException("cannot read: " + text, e);
        }
    }

    int update(DataSource source) {
        try (Connection connection = source.getConnection(); PreparedStatement update = prepared(connection)) {
            return update.executeUpdate();
        } catch (SQLException e) {
            throw new IllegalStateException("cannot write: " + text, e);
        }
    }

    private PreparedStatement prepared(Connection connection) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(text.toString());
        int i = 0;
        for (Object value : values) {
            i++;
            switch (value) {
                case Instant moment -> statement.setTimestamp(i, Timestamp.from(moment));
                case String[] array -> statement.setArray(i, connection.createArrayOf("text", array));
                case Long[] array -> statement.setArray(i, connection.createArrayOf("bigint", array));
                case Integer[] array -> statement.setArray(i, connection.createArrayOf("integer", array));
                default -> statement.setObject(i, value);
            }
        }
        return statement;
    }
}
