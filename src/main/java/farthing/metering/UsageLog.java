package farthing.metering;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;

import javax.sql.DataSource;

import jakarta.inject.Singleton;

import org.jspecify.annotations.Nullable;

import farthing.catalog.VersionId;
import farthing.identity.AccountId;
import farthing.identity.ApiKeyId;
import farthing.money.Amount;
import farthing.receipt.Receipt;
import farthing.receipt.ReceiptBody;
import farthing.receipt.ReceiptId;
import farthing.receipt.Salts;

/** Reads what the writer has made durable. */
@Singleton
class UsageLog {

    private static final int PIECE = 500;
    private static final String NEWEST_FIRST = " order by u.charged_at desc, u.receipt desc";

    /** One charged call. */
    record Call(ReceiptId receipt, Instant at, VersionId version, ApiKeyId key, Units units, Amount charge, boolean abandoned,
            boolean reversed, boolean streamed) {
    }

    record DayTotal(LocalDate day, VersionId version, long calls, Amount charge) {
    }

    private record DayCount(LocalDate day, long calls) {
    }

    /** One call with all that its receipt is made of. */
    record Full(Receipt receipt, ReceiptBody body, Salts salts, AccountId account, ApiKeyId key, boolean abandoned,
            @Nullable Instant reversedAt, Commit commit, int leafIndex) {
    }

    record Commit(long id, byte[] root, int size, byte[] signer, byte[] signature, Instant at) {
    }

    private final Database database;

    UsageLog(DataSource source) {
        this.database = new Database(source);
    }

    /** By day and version, oldest day first. */
    List<DayTotal> byDay(AccountId account, LocalDate since) {
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement("""
                    select day, version, sum(calls), sum(nanos) from usage_day
                    where account = ? and day >= ? group by day, version having sum(calls) > 0 order by day, version""")) {
                select.setLong(1, account.value());
                select.setObject(2, since);
                List<DayTotal> days = new ArrayList<>();
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        days.add(new DayTotal(row.getObject(1, LocalDate.class), new VersionId(row.getInt(2)), row.getLong(3),
                                Amount.ofNanos(row.getLong(4))));
                    }
                }
                return days;
            }
        });
    }

    List<VersionId> versionsOf(AccountId account) {
        return database.read(connection -> {
            // From each version straight to the next: there are many rows for each.
            try (PreparedStatement select = connection.prepareStatement("""
                    with recursive called (version) as (
                        select min(version) from usage_day where account = ?
                        union all
                        select (select min(d.version) from usage_day d where d.account = ? and d.version > called.version)
                        from called where called.version is not null)
                    select version from called where version is not null order by version""")) {
                select.setLong(1, account.value());
                select.setLong(2, account.value());
                List<VersionId> versions = new ArrayList<>();
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        versions.add(new VersionId(row.getInt(1)));
                    }
                }
                return versions;
            }
        });
    }

    record Page(List<Call> calls, long total) {
    }

    /**
     * Newest first. How many calls there are on each day is known from the roll-up, so that a page is looked for on its own
     * days,
     * however many calls came after it.
     */
    Page page(UsageFilter filter, int size, long offset) {
        List<DayCount> days = days(filter);
        long total = days.stream().mapToLong(DayCount::calls).sum();
        int first = 0;
        long skipped = 0;
        while (first < days.size() && skipped + days.get(first).calls <= offset) {
            skipped += days.get(first).calls;
            first++;
        }
        if (first == days.size()) {
            return new Page(List.of(), total);
        }
        int last = first;
        for (long found = skipped + days.get(first).calls; found < offset + size && last + 1 < days.size();) {
            last++;
            found += days.get(last).calls;
        }
        List<Object> values = new ArrayList<>();
        String condition = filter.between(days.get(last).day, days.get(first).day).condition(values);
        Place from = place(condition, values, offset - skipped);
        if (from == null) {
            return new Page(List.of(), total);
        }
        values.addAll(List.of(from.at, from.receipt));
        return new Page(list(condition + " and (u.charged_at, u.receipt) <= (?, ?)", values, size), total);
    }

    private record Place(Timestamp at, UUID receipt) {
    }

    /** Where so many were passed over: found in the index alone, where an index has all that is asked. */
    private @Nullable Place place(String condition, List<Object> values, long offset) {
        return database.<@Nullable Place> read(connection -> {
            try (PreparedStatement select = connection.prepareStatement("select u.charged_at, u.receipt from usage u where "
                    + condition + NEWEST_FIRST + " limit 1 offset " + offset)) {
                bind(select, values);
                try (ResultSet row = select.executeQuery()) {
                    return row.next() ? new Place(row.getTimestamp(1), row.getObject(2, UUID.class)) : null;
                }
            }
        });
    }

    /** Those with calls that the filter lets through, newest first. */
    private List<DayCount> days(UsageFilter filter) {
        List<Object> values = new ArrayList<>();
        String calls = "sum(" + filter.dayCalls() + ")";
        String query = "select d.day, " + calls + " from usage_day d where " + filter.dayCondition(values)
                + " group by d.day having " + calls + " > 0 order by d.day desc";
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement(query)) {
                bind(select, values);
                List<DayCount> days = new ArrayList<>();
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        days.add(new DayCount(row.getObject(1, LocalDate.class), row.getLong(2)));
                    }
                }
                return days;
            }
        });
    }

    /**
     * Every call of the filter, newest first, read in pieces: neither are all in memory, nor does the consumer, which may be as
     * slow as somebody's line, keep a connection from the calls.
     */
    void each(UsageFilter filter, Consumer<Call> consumer) {
        List<Call> piece;
        @Nullable
        Call last = null;
        do {
            List<Object> values = new ArrayList<>();
            String condition = filter.condition(values);
            if (last != null) {
                condition += " and (u.charged_at, u.receipt) < (?, ?)";
                values.addAll(List.of(Timestamp.from(last.at()), last.receipt().value()));
            }
            piece = list(condition, values, PIECE);
            piece.forEach(consumer);
            last = piece.isEmpty() ? null : piece.getLast();
        } while (piece.size() == PIECE);
    }

    private List<Call> list(String condition, List<Object> values, int size) {
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement(
                    """
                            select u.receipt, charged_at, version, api_key, input_tokens, output_tokens, items, charge, finish, streamed,
                                r.receipt is not null
                            from (select * from usage u where %s %s limit %d) u
                            left join usage_reversal r on r.receipt = u.receipt %s"""
                            .formatted(condition, NEWEST_FIRST, size, NEWEST_FIRST))) {
                bind(select, values);
                List<Call> calls = new ArrayList<>();
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        calls.add(new Call(new ReceiptId(row.getObject(1, UUID.class)), row.getTimestamp(2).toInstant(),
                                new VersionId(row.getInt(3)), new ApiKeyId(row.getLong(4)),
                                new Units(row.getInt(5), row.getInt(6), row.getInt(7)), Amount.ofNanos(row.getLong(8)),
                                "ABANDONED".equals(row.getString(9)), row.getBoolean(11), row.getBoolean(10)));
                    }
                }
                return calls;
            }
        });
    }

    Optional<Full> find(ReceiptId id) {
        return one("u.receipt = ?", id.value());
    }

    /** The calls charged last, of anybody, the newest first. */
    List<Call> latest(int most) {
        return list("not exists (select 1 from usage_reversal r where r.receipt = u.receipt)", List.of(), most);
    }

    /** The leaves of a commit, from which the path of each is computed. */
    List<byte[]> leaves(long commit) {
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement("""
                    select line, lease, seq, version, charge, body_hash, shares_hash from usage
                    where commit_id = ? order by leaf_index""")) {
                select.setLong(1, commit);
                List<byte[]> leaves = new ArrayList<>();
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        leaves.add(receipt(row).leaf());
                    }
                }
                return leaves;
            }
        });
    }

    private static final String FULL = """
            select u.line, u.lease, u.seq, u.version, u.charge, u.body_hash, u.shares_hash, u.receipt, u.charged_at,
                u.offer, u.input_tokens, u.output_tokens, u.items, u.request_hash, u.response_hash, u.salt, u.account,
                u.api_key, u.finish, u.leaf_index, c.id as commit_id, c.root, c.size, c.signer, c.signature, c.committed_at,
                r.reversed_at
            from usage u join receipt_commit c on c.id = u.commit_id left join usage_reversal r on r.receipt = u.receipt
            where %s""";

    private Optional<Full> one(String condition, Object value) {
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement(FULL.formatted(condition))) {
                select.setObject(1, value);
                try (ResultSet row = select.executeQuery()) {
                    return row.next() ? Optional.of(full(row)) : Optional.<Full> empty();
                }
            }
        });
    }

    private static Full full(ResultSet row) throws SQLException {
        ReceiptBody body = new ReceiptBody(new ReceiptId(row.getObject("receipt", UUID.class)),
                row.getTimestamp("charged_at").toInstant(), row.getLong("offer"), row.getInt("input_tokens"),
                row.getInt("output_tokens"), row.getInt("items"), row.getBytes("request_hash"), row.getBytes("response_hash"));
        Commit commit = new Commit(row.getLong("commit_id"), row.getBytes("root"), row.getInt("size"), row.getBytes("signer"),
                row.getBytes("signature"), row.getTimestamp("committed_at").toInstant());
        Timestamp reversed = row.getTimestamp("reversed_at");
        return new Full(receipt(row), body, new Salts(row.getBytes("salt")), new AccountId(row.getLong("account")),
                new ApiKeyId(row.getLong("api_key")), "ABANDONED".equals(row.getString("finish")),
                reversed == null ? null : reversed.toInstant(), commit,
                row.getInt("leaf_index"));
    }

    private static Receipt receipt(ResultSet row) throws SQLException {
        return new Receipt(row.getInt("line"), row.getLong("lease"), row.getInt("seq"), row.getInt("version"),
                Amount.ofNanos(row.getLong("charge")), row.getBytes("body_hash"), row.getBytes("shares_hash"));
    }

    static void bind(PreparedStatement select, List<Object> values) throws SQLException {
        Connection connection = select.getConnection();
        for (int i = 0; i < values.size(); i++) {
            Object value = values.get(i);
            if (value instanceof Integer[] several) {
                select.setArray(i + 1, connection.createArrayOf("integer", several));
            } else {
                select.setObject(i + 1, value);
            }
        }
    }
}
