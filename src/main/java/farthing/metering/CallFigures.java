package farthing.metering;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

import javax.sql.DataSource;

import jakarta.inject.Singleton;

import farthing.catalog.VersionId;
import farthing.money.Amount;
import farthing.money.Split;
import farthing.receipt.ReceiptId;

/**
 * What anyone may know of the calls of all, from sums that are kept with the calls; a reversed call is in none of them. Asking
 * costs as many rows as days and versions are asked for, however many calls there were.
 */
@Singleton
public class CallFigures {

    public record PublicCall(ReceiptId receipt, VersionId version, Amount charge) {
    }

    /**
     * Some calls together.
     *
     * @param parts the sums of what each charge was divided into, to the nano; they add up to {@code charged}
     */
    public record Sums(long calls, Amount charged, Split.Parts parts) {

        public static final Sums NONE = new Sums(0, Amount.ZERO, Split.Parts.NONE);

        public Sums plus(Sums more) {
            return new Sums(calls + more.calls, charged.plus(more.charged), parts.plus(more.parts));
        }
    }

    public record OfDay(LocalDate day, Sums sums) {
    }

    public record OfVersion(VersionId version, Sums sums) {
    }

    public record OfVersionDay(LocalDate day, VersionId version, Sums sums) {
    }

    private static final String SUMS = " sum(calls) as calls, sum(nanos) as nanos, sum(developer) as developer,"
            + " sum(base_model) as base_model, sum(data_pool) as data_pool, sum(validators) as validators,"
            + " sum(platform) as platform ";

    private final UsageLog log;
    private final Database database;

    CallFigures(UsageLog log, DataSource source) {
        this.log = log;
        this.database = new Database(source);
    }

    /** All calls there ever were, by day (UTC) on which there were any, oldest first. */
    public List<OfDay> byDay() {
        return list("select day," + SUMS + "from market_day group by day having sum(calls) > 0 order by day",
                row -> new OfDay(day(row), sums(row)));
    }

    /** The calls of these versions together, by day from the given one on, oldest first. */
    public List<OfDay> byDay(Collection<VersionId> versions, LocalDate since) {
        return list("select day," + SUMS + "from version_day where version = any (?) and day >= ? group by day"
                + " having sum(calls) > 0 order by day", row -> new OfDay(day(row), sums(row)), ids(versions), since);
    }

    /** Of these versions those that were called, by day from the given one on, oldest first. */
    public List<OfVersionDay> byVersionAndDay(Collection<VersionId> versions, LocalDate since) {
        return list("select day, version," + SUMS + "from version_day where version = any (?) and day >= ?"
                + " group by day, version having sum(calls) > 0 order by day, version",
                row -> new OfVersionDay(day(row), version(row), sums(row)), ids(versions), since);
    }

    /** Of these versions those that were ever called. */
    public List<OfVersion> byVersion(Collection<VersionId> versions) {
        return list("select version," + SUMS + "from version_total where version = any (?) group by version"
                + " having sum(calls) > 0 order by version", row -> new OfVersion(version(row), sums(row)), ids(versions));
    }

    /** All calls of these versions together. */
    public Sums inAll(Collection<VersionId> versions) {
        return byVersion(versions).stream().map(OfVersion::sums).reduce(Sums.NONE, Sums::plus);
    }

    /** All versions that were ever called: many; for what is made of all of them, such as files. */
    public List<VersionId> versions() {
        return list("select distinct version from version_total order by version", CallFigures::version);
    }

    /** The calls charged last, the newest first. Those of private models are among them. */
    public List<PublicCall> latest(int most) {
        return log.latest(most).stream().map(call -> new PublicCall(call.receipt(), call.version(), call.charge())).toList();
    }

    private interface Reader<T> {
        T of(ResultSet row) throws SQLException;
    }

    private <T> List<T> list(String query, Reader<T> reader, Object... values) {
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement(query)) {
                UsageLog.bind(select, List.of(values));
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

    private static Object ids(Collection<VersionId> versions) {
        return versions.stream().map(VersionId::value).toArray(Integer[]::new);
    }

    private static LocalDate day(ResultSet row) throws SQLException {
        return row.getObject("day", LocalDate.class);
    }

    private static VersionId version(ResultSet row) throws SQLException {
        return new VersionId(row.getInt("version"));
    }

    private static Sums sums(ResultSet row) throws SQLException {
        return new Sums(row.getLong("calls"), amount(row, "nanos"),
                new Split.Parts(amount(row, "developer"), amount(row, "base_model"), amount(row, "data_pool"),
                        amount(row, "validators"), amount(row, "platform")));
    }

    private static Amount amount(ResultSet row, String column) throws SQLException {
        return Amount.ofNanos(row.getLong(column));
    }
}
