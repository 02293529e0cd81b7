package farthing.metering;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

import javax.sql.DataSource;

import jakarta.inject.Singleton;

import farthing.catalog.VersionId;
import farthing.identity.AccountId;
import farthing.money.Amount;

/**
 * What an account called, by day (UTC), from sums that are kept with the calls: asking costs as many rows as the days have
 * versions and keys, however many calls there were.
 */
@Singleton
class UsageDays {

    /** What the sums of a day are told apart by. */
    enum By {
        MODEL("version"),
        KEY("api_key"),
        ALL("0::bigint");

        private final String column;

        By(String column) {
            this.column = column;
        }
    }

    /** Calls that stand, with what they used; those that were given back are only counted. */
    record Sum(long calls, Amount charge, long inputTokens, long outputTokens, long items, long reversed) {

        static final Sum NONE = new Sum(0, Amount.ZERO, 0, 0, 0, 0);

        Sum plus(Sum more) {
            return new Sum(calls + more.calls, charge.plus(more.charge), inputTokens + more.inputTokens,
                    outputTokens + more.outputTokens, items + more.items, reversed + more.reversed);
        }
    }

    /** @param of the version or the key */
    record Day(LocalDate day, long of, Sum sum) {
    }

    /** @param calls all that the filter lets through on this day, were it let through as a whole */
    record Count(LocalDate day, long calls) {
    }

    private static final String SUMS = " sum(calls), sum(nanos), sum(input_tokens), sum(output_tokens), sum(items), sum(reversed)"
            + " from usage_day where account = ? and day >= ? and day <= ? ";

    private final Database database;

    UsageDays(DataSource source) {
        this.database = new Database(source);
    }

    /** Oldest day first. */
    List<Day> of(AccountId account, By by, LocalDate first, LocalDate last) {
        return list(
                "select day, " + by.column + "," + SUMS + "group by 1, 2 having sum(calls) + sum(reversed) > 0 order by 1, 2",
                List.of(account.value(), first, last),
                row -> new Day(row.getObject(1, LocalDate.class), row.getLong(2), sum(row, 3)));
    }

    /** Those with calls that the filter lets through, newest first. */
    List<Count> counts(UsageFilter filter) {
        List<Object> values = new ArrayList<>();
        String calls = "sum(" + filter.dayCalls() + ")";
        return list(
                "select d.day, " + calls + " from usage_day d where " + filter.dayCondition(values) + " group by d.day having "
                        + calls + " > 0 order by d.day desc",
                values, row -> new Count(row.getObject(1, LocalDate.class), row.getLong(2)));
    }

    List<VersionId> versionsOf(AccountId account) {
        // From each version straight to the next: there are many rows for each.
        return list("""
                with recursive called (version) as (
                    select min(version) from usage_day where account = ?
                    union all
                    select (select min(d.version) from usage_day d where d.account = ? and d.version > called.version)
                    from called where called.version is not null)
                select version from called where version is not null order by version""",
                List.of(account.value(), account.value()), row -> new VersionId(row.getInt(1)));
    }

    private interface Reader<T> {
        T of(ResultSet row) throws SQLException;
    }

    private <T> List<T> list(String query, List<Object> values, Reader<T> reader) {
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement(query)) {
                UsageLog.bind(select, values);
                List<T> rows = new ArrayList<>();
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        rows.add(reader.of(row));
                    }
                }
                return rows;
            }
        });
    }

    private static Sum sum(ResultSet row, int from) throws SQLException {
        return new Sum(row.getLong(from), Amount.ofNanos(row.getLong(from + 1)), row.getLong(from + 2), row.getLong(from + 3),
                row.getLong(from + 4), row.getLong(from + 5));
    }
}
