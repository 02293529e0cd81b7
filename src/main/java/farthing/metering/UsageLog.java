package farthing.metering;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;

import javax.sql.DataSource;

import jakarta.inject.Singleton;

import org.jspecify.annotations.Nullable;
import org.postgresql.PGStatement;

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

    /** One charged call. */
    record Call(ReceiptId receipt, Instant at, Instant startedAt, VersionId version, ApiKeyId key, long offer, Units units,
            Amount charge, CallState state, boolean streamed) {
    }

    /** One call with all that its receipt is made of. */
    record Full(Receipt receipt, ReceiptBody body, Salts salts, AccountId account, ApiKeyId key, boolean abandoned,
            @Nullable Instant reversedAt, Commit commit, int leafIndex) {
    }

    record Commit(long id, byte[] root, int size, byte[] signer, byte[] signature, Instant at) {
    }

    private final Database database;
    private final UsageDays days;

    UsageLog(DataSource source) {
        this.database = new Database(source);
        this.days = new UsageDays(source);
    }

    /**
     * Where a page of the call log begins: after this call, in the direction of reading. Its text stands in addresses.
     *
     * @param receipt tells apart the calls of one moment
     */
    record Place(Instant at, ReceiptId receipt) {

        static Place of(Call call) {
            return new Place(call.at, call.receipt);
        }

        /** Empty when the text is none. */
        static Optional<Place> parse(String text) {
            if (!text.matches("[0-9]{1,18}-[0-9a-f]{32}")) {
                return Optional.empty();
            }
            int dash = text.indexOf('-');
            return Optional.of(new Place(Instant.EPOCH.plus(Long.parseLong(text.substring(0, dash)), ChronoUnit.MICROS),
                    ReceiptId.parse(text.substring(dash + 1))));
        }

        @Override
        public String toString() {
            return ChronoUnit.MICROS.between(Instant.EPOCH, at) + "-" + receipt;
        }
    }

    /**
     * @param newer whether there are newer calls than these
     * @param total of the whole log, exact or at least so many
     * @param keptSince from when on single calls are kept; null: all there ever were
     */
    record Page(List<Call> calls, boolean newer, boolean older, long total, boolean exact, @Nullable Instant keptSince) {
    }

    private enum Way {
        NEWEST_FIRST("<", "desc"),
        OLDEST_FIRST(">", "asc");

        private final String beyond;
        private final String order;

        Way(String beyond, String order) {
            this.beyond = beyond;
            this.order = " order by u.charged_at %1$s, u.receipt %1$s".formatted(order);
        }

        boolean isBefore(LocalDate day, LocalDate start) {
            return this == NEWEST_FIRST ? day.isAfter(start) : day.isBefore(start);
        }
    }

    /** The newest calls, or those that are older than a place. */
    Page page(UsageFilter asked, int size, @Nullable Place olderThan) {
        Instant kept = keptSince();
        UsageFilter filter = kept == null ? asked : asked.since(kept);
        List<UsageDays.Count> days = this.days.counts(filter);
        List<Call> found = read(filter, days, Way.NEWEST_FIRST, olderThan, size + 1);
        return page(filter, days, found.subList(0, Math.min(size, found.size())), olderThan != null, found.size() > size, kept);
    }

    /** The calls next to a place that are newer; the newest ones where these are too few to fill a page. */
    Page pageBefore(UsageFilter asked, int size, Place newerThan) {
        Instant kept = keptSince();
        UsageFilter filter = kept == null ? asked : asked.since(kept);
        List<UsageDays.Count> days = this.days.counts(filter);
        List<Call> found = read(filter, days.reversed(), Way.OLDEST_FIRST, newerThan, size + 1);
        return found.size() < size ? page(asked, size, null)
                : page(filter, days, found.subList(0, size).reversed(), found.size() > size, true, kept);
    }

    private static Page page(UsageFilter filter, List<UsageDays.Count> days, List<Call> calls, boolean newer, boolean older,
            @Nullable Instant kept) {
        long whole = 0;
        boolean exact = true;
        for (UsageDays.Count each : days) {
            if (filter.hasAllOf(each.day())) {
                whole += each.calls();
            } else {
                // Of a part of a day nobody keeps a count.
                exact = false;
            }
        }
        boolean all = !newer && !older;
        return new Page(calls, newer, older, all ? calls.size() : Math.max(whole, calls.size() + 1L), exact || all, kept);
    }

    /** Where the usages begin that were not dropped; the roll-ups know of earlier ones, too. */
    private @Nullable Instant keptSince() {
        return database.<@Nullable Instant> read(connection -> {
            try (PreparedStatement select = connection.prepareStatement(
                    "select case when count(begins) = count(*) then min(begins) end from usage_partition");
                    ResultSet row = select.executeQuery()) {
                row.next();
                Timestamp begins = row.getTimestamp(1);
                return begins == null ? null : begins.toInstant();
            }
        });
    }

    /**
     * Every call of the filter, newest first, read in pieces: neither are all in memory, nor does the consumer, which may be as
     * slow as somebody's line, keep a connection from the calls.
     */
    void each(UsageFilter asked, Consumer<Call> consumer) {
        Instant kept = keptSince();
        UsageFilter filter = kept == null ? asked : asked.since(kept);
        List<UsageDays.Count> days = this.days.counts(filter);
        List<Call> piece;
        @Nullable
        Place last = null;
        do {
            piece = read(filter, days, Way.NEWEST_FIRST, last, PIECE);
            piece.forEach(consumer);
            last = piece.isEmpty() ? null : Place.of(piece.getLast());
        } while (piece.size() == PIECE);
    }

    /**
     * The next calls beyond a place. They are looked for only on days that have some, which the roll-ups know, and on no more
     * days than they fill: whatever else there is in the log costs nothing.
     *
     * @param days in the order of reading
     */
    private List<Call> read(UsageFilter filter, List<UsageDays.Count> days, Way way, @Nullable Place beyond, int most) {
        List<Call> found = new ArrayList<>();
        LocalDate start = beyond == null ? null : UsageFilter.dayOf(beyond.at);
        for (int first = 0; first < days.size() && found.size() < most;) {
            if (start != null && way.isBefore(days.get(first).day(), start)) {
                first++;
                continue;
            }
            int last = first;
            long sure = sure(filter, days.get(first), start);
            while (sure < most - found.size() && last + 1 < days.size()
                    && Math.abs(ChronoUnit.DAYS.between(days.get(last).day(), days.get(last + 1).day())) == 1) {
                last++;
                sure += sure(filter, days.get(last), start);
            }
            LocalDate one = days.get(first).day();
            LocalDate other = days.get(last).day();
            found.addAll(list(way == Way.NEWEST_FIRST ? filter.within(other, one) : filter.within(one, other), way, beyond,
                    most - found.size()));
            first = last + 1;
        }
        return found;
    }

    /** As many calls the day has for certain. */
    private static long sure(UsageFilter filter, UsageDays.Count day, @Nullable LocalDate start) {
        return filter.hasAllOf(day.day()) && !day.day().equals(start) ? day.calls() : 0;
    }

    private List<Call> list(UsageFilter filter, Way way, @Nullable Place beyond, int most) {
        List<Object> values = new ArrayList<>();
        List<Integer> versions = filter.versions();
        if (versions != null) {
            values.add(versions.toArray(Integer[]::new));
        }
        String from = "usage u where " + filter.condition(values);
        if (beyond != null) {
            // The first for the partitions, which a comparison of rows does not choose.
            from += " and u.charged_at %1$s= ? and (u.charged_at, u.receipt) %1$s (?, ?)".formatted(way.beyond);
            values.addAll(List.of(Timestamp.from(beyond.at), Timestamp.from(beyond.at), beyond.receipt.value()));
        }
        if (versions != null) {
            from = "unnest(?) v (version) cross join lateral (select u.* from " + from + way.order + " limit " + most + ") u";
        }
        return list(from, values, way, most);
    }

    /** @param from the tables and the condition; {@code u} is the usage */
    private List<Call> list(String from, List<Object> values, Way way, int size) {
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement(
                    """
                            select u.receipt, u.charged_at, started_at, version, api_key, offer, input_tokens, output_tokens, items, charge,
                                finish, streamed, r.receipt is not null
                            from (select u.* from %s %s limit %d) u
                            left join usage_reversal r on r.receipt = u.receipt %s"""
                            .formatted(from, way.order, size, way.order))) {
                // Planned for these values, each time: a plan for any values knows neither the weeks nor how many calls there are,
                // and sorts all of a day.
                select.unwrap(PGStatement.class).setPrepareThreshold(0);
                bind(select, values);
                List<Call> calls = new ArrayList<>();
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        calls.add(new Call(new ReceiptId(row.getObject(1, UUID.class)), row.getTimestamp(2).toInstant(),
                                row.getTimestamp(3).toInstant(), new VersionId(row.getInt(4)), new ApiKeyId(row.getLong(5)),
                                row.getLong(6), new Units(row.getInt(7), row.getInt(8), row.getInt(9)),
                                Amount.ofNanos(row.getLong(10)), row.getBoolean(13) ? CallState.REVERSED
                                        : "ABANDONED".equals(row.getString(11)) ? CallState.ABANDONED : CallState.CHARGED,
                                row.getBoolean(12)));
                    }
                }
                return calls;
            }
        });
    }

    Optional<Full> find(ReceiptId id) {
        return one("u.receipt = ?", id.value());
    }

    /** The calls charged last, of anybody, the newest first: some of the last day on which there were any. */
    List<Call> latest(int most) {
        LocalDate day = database.<@Nullable LocalDate> read(connection -> {
            try (PreparedStatement select = connection.prepareStatement("select max(day) from market_day where calls > 0");
                    ResultSet row = select.executeQuery()) {
                row.next();
                return row.getObject(1, LocalDate.class);
            }
        });
        return day == null ? List.of()
                : list("receipt_commit c join usage u on u.commit_id = c.id and u.charged_at = c.committed_at"
                        + " where c.committed_at >= ? and c.committed_at < ?"
                        + " and not exists (select 1 from usage_reversal x where x.receipt = u.receipt)",
                        List.of(Timestamp.from(UsageFilter.startOf(day)), Timestamp.from(UsageFilter.startOf(day.plusDays(1)))),
                        Way.NEWEST_FIRST, most);
    }

    /** The leaves of a commit, from which the path of each is computed. Its calls are charged at the moment of the commit. */
    List<byte[]> leaves(Commit commit) {
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement("""
                    select line, lease, seq, version, charge, body_hash, shares_hash from usage
                    where charged_at = ? and commit_id = ? order by leaf_index""")) {
                select.setTimestamp(1, Timestamp.from(commit.at));
                select.setLong(2, commit.id);
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
