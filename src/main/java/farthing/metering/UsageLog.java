package farthing.metering;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
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

    record Total(long calls, Amount charge) {
    }

    record DayTotal(LocalDate day, VersionId version, long calls, Amount charge) {
    }

    record ChargeCount(VersionId version, Amount charge, long calls) {
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

    Total total(AccountId account, Instant since) {
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement(
                    "select count(*), coalesce(sum(charge), 0) from standing_usage where account = ? and charged_at >= ?")) {
                select.setLong(1, account.value());
                select.setTimestamp(2, Timestamp.from(since));
                try (ResultSet row = select.executeQuery()) {
                    row.next();
                    return new Total(row.getLong(1), Amount.ofNanos(row.getLong(2)));
                }
            }
        });
    }

    /** By day and version, oldest day first. */
    List<DayTotal> byDay(AccountId account, LocalDate since) {
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement("""
                    select (charged_at at time zone 'UTC')::date as day, version, count(*), sum(charge) from standing_usage
                    where account = ? and charged_at >= ? group by day, version order by day, version""")) {
                select.setLong(1, account.value());
                select.setTimestamp(2, Timestamp.from(since.atStartOfDay(ZoneOffset.UTC).toInstant()));
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
            try (PreparedStatement select = connection
                    .prepareStatement("select distinct version from usage where account = ? order by version")) {
                select.setLong(1, account.value());
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

    long count(UsageFilter filter) {
        List<Object> values = new ArrayList<>();
        String condition = filter.condition(values);
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement("select count(*) from usage u where " + condition)) {
                bind(select, values);
                try (ResultSet row = select.executeQuery()) {
                    row.next();
                    return row.getLong(1);
                }
            }
        });
    }

    /** Newest first. */
    List<Call> page(UsageFilter filter, int size, long offset) {
        List<Object> values = new ArrayList<>();
        return list(filter.condition(values) + NEWEST_FIRST + " limit " + size + " offset " + offset, values);
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
            piece = list(condition + NEWEST_FIRST + " limit " + PIECE, values);
            piece.forEach(consumer);
            last = piece.isEmpty() ? null : piece.getLast();
        } while (piece.size() == PIECE);
    }

    private List<Call> list(String condition, List<Object> values) {
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement(
                    """
                            select u.receipt, charged_at, version, api_key, input_tokens, output_tokens, items, charge, finish, streamed,
                                r.receipt is not null
                            from usage u left join usage_reversal r on r.receipt = u.receipt where\s"""
                            + condition)) {
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
        return list("r.receipt is null" + NEWEST_FIRST + " limit " + most, List.of());
    }

    /** Calls of anybody. */
    long countSince(Instant since) {
        return database.read(connection -> {
            try (PreparedStatement select = connection
                    .prepareStatement("select count(*) from standing_usage where charged_at >= ?")) {
                select.setTimestamp(1, Timestamp.from(since));
                try (ResultSet row = select.executeQuery()) {
                    row.next();
                    return row.getLong(1);
                }
            }
        });
    }

    /** How often each version was charged each sum: few rows, from which exact shares are computed. */
    List<ChargeCount> charges() {
        return database.read(connection -> {
            try (PreparedStatement select = connection
                    .prepareStatement("select version, charge, count(*) from standing_usage group by version, charge");
                    ResultSet row = select.executeQuery()) {
                List<ChargeCount> charges = new ArrayList<>();
                while (row.next()) {
                    charges.add(new ChargeCount(new VersionId(row.getInt(1)), Amount.ofNanos(row.getLong(2)), row.getLong(3)));
                }
                return charges;
            }
        });
    }

    List<CallFigures.DayCharges> chargesByDay(Collection<VersionId> versions) {
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement("""
                    select (charged_at at time zone 'UTC')::date as day, version, charge, count(*) from standing_usage
                    where version = any (?) group by day, version, charge order by day, version""")) {
                select.setArray(1,
                        connection.createArrayOf("integer", versions.stream().map(VersionId::value).toArray(Integer[]::new)));
                List<CallFigures.DayCharges> days = new ArrayList<>();
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        days.add(new CallFigures.DayCharges(row.getObject(1, LocalDate.class), new VersionId(row.getInt(2)),
                                Amount.ofNanos(row.getLong(3)), row.getLong(4)));
                    }
                }
                return days;
            }
        });
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

    private static void bind(PreparedStatement select, List<Object> values) throws SQLException {
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
