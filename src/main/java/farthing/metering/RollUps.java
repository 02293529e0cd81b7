package farthing.metering;

import java.sql.Date;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

import farthing.money.Amount;
import farthing.money.Split;

/**
 * The sums of calls by payer and by version that pages read, written with the calls. Each commit touches a row once, and all
 * touch them in one order.
 */
final class RollUps {

    private record PayerKey(long account, int version, long key) {

        private static final Comparator<PayerKey> ORDER = Comparator.comparingLong(PayerKey::account)
                .thenComparingInt(PayerKey::version).thenComparingLong(PayerKey::key);

        static PayerKey of(CallCharge call) {
            return new PayerKey(call.account(), call.version(), call.apiKey());
        }
    }

    private record PayerSum(long calls, Amount charge, long inputTokens, long outputTokens, long items, long abandoned) {

        static PayerSum of(CallCharge call) {
            Units units = call.units();
            return new PayerSum(1, call.amount(), units.inputTokens(), units.outputTokens(), units.items(),
                    call.abandoned() ? 1 : 0);
        }

        PayerSum plus(PayerSum more) {
            return new PayerSum(calls + more.calls, charge.plus(more.charge), inputTokens + more.inputTokens,
                    outputTokens + more.outputTokens, items + more.items, abandoned + more.abandoned);
        }
    }

    private record VersionSum(long calls, Amount charge, Split.Parts parts) {

        static VersionSum of(CallCharge call) {
            return new VersionSum(1, call.amount(), call.split().divide(call.amount()));
        }

        VersionSum plus(VersionSum more) {
            return new VersionSum(calls + more.calls, charge.plus(more.charge), parts.plus(more.parts));
        }
    }

    private final long instance;

    RollUps(long instance) {
        this.instance = instance;
    }

    /** @param day on which they were charged (UTC) */
    void add(RoundTrip trip, LocalDate day, Collection<CallCharge> calls) {
        write(trip, day, calls, 1);
    }

    /** Takes off calls that were added and reversed; the call log goes on showing them. */
    void takeBack(RoundTrip trip, LocalDate day, Collection<CallCharge> calls) {
        write(trip, day, calls, -1);
    }

    private void write(RoundTrip trip, LocalDate day, Collection<CallCharge> calls, int sign) {
        Map<PayerKey, PayerSum> byPayer = new TreeMap<>(PayerKey.ORDER);
        Map<Integer, VersionSum> byVersion = new TreeMap<>();
        for (CallCharge call : calls) {
            byPayer.merge(PayerKey.of(call), PayerSum.of(call), PayerSum::plus);
            byVersion.merge(call.version(), VersionSum.of(call), VersionSum::plus);
        }
        writePayers(trip, day, byPayer, sign);
        writeVersions(trip, day, byVersion, sign);
    }

    /** The days of payers, and of their keys, which the keys' limits are measured against; each in one order. */
    private static final String PAYERS = """
            with call as materialized (select * from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?) as t (account, version, api_key, calls,
                    nanos, input_tokens, output_tokens, items, abandoned, reversed)),
            spent as (insert into key_spending (day, api_key, nanos, calls)
                select ?::date, api_key, sum(nanos), sum(calls) from call group by api_key order by api_key
                on conflict (api_key, day) do update set
                    nanos = key_spending.nanos + excluded.nanos, calls = key_spending.calls + excluded.calls)
            insert into usage_day (day, account, version, api_key, calls, nanos, input_tokens, output_tokens, items,
                abandoned, reversed)
            select ?::date, call.* from call
            on conflict (account, day, version, api_key) do update set
                calls = usage_day.calls + excluded.calls, nanos = usage_day.nanos + excluded.nanos,
                input_tokens = usage_day.input_tokens + excluded.input_tokens,
                output_tokens = usage_day.output_tokens + excluded.output_tokens,
                items = usage_day.items + excluded.items, reversed = usage_day.reversed + excluded.reversed,
                abandoned = usage_day.abandoned + excluded.abandoned""";

    private static void writePayers(RoundTrip trip, LocalDate day, Map<PayerKey, PayerSum> sums, int sign) {
        trip.add(PAYERS, (upsert, first) -> {
            Columns<Map.Entry<PayerKey, PayerSum>> columns = new Columns<>(upsert, first, sums.entrySet());
            columns.longs(each -> each.getKey().account);
            columns.integers(each -> each.getKey().version);
            columns.longs(each -> each.getKey().key);
            columns.longs(each -> sign * each.getValue().calls);
            columns.longs(each -> sign * each.getValue().charge.nanos());
            columns.longs(each -> sign * each.getValue().inputTokens);
            columns.longs(each -> sign * each.getValue().outputTokens);
            columns.longs(each -> sign * each.getValue().items);
            columns.longs(each -> sign * each.getValue().abandoned);
            columns.longs(each -> sign > 0 ? 0L : each.getValue().calls);
            upsert.setDate(columns.next, Date.valueOf(day));
            upsert.setDate(columns.next + 1, Date.valueOf(day));
            return columns.next + 2;
        });
    }

    private static final String ADD = """
            calls = %1$s.calls + excluded.calls, nanos = %1$s.nanos + excluded.nanos,
            developer = %1$s.developer + excluded.developer, base_model = %1$s.base_model + excluded.base_model,
            data_pool = %1$s.data_pool + excluded.data_pool, validators = %1$s.validators + excluded.validators,
            platform = %1$s.platform + excluded.platform""";

    private static final String VERSIONS = """
            with call as materialized (select * from unnest(?, ?, ?, ?, ?, ?, ?, ?)
                as t (version, calls, nanos, developer, base_model, data_pool, validators, platform)),
            now as (select ?::date as day, ?::bigint as instance),
            by_day as (insert into version_day select version, day, instance, calls, nanos, developer, base_model, data_pool,
                    validators, platform from call, now
                on conflict (version, day, instance) do update set %s),
            in_all as (insert into version_total select version, instance, calls, nanos, developer, base_model, data_pool,
                    validators, platform from call, now
                on conflict (version, instance) do update set %s)
            insert into market_day select day, instance, sum(calls), sum(nanos), sum(developer), sum(base_model),
                sum(data_pool), sum(validators), sum(platform) from call, now group by day, instance
            on conflict (day, instance) do update set %s""".formatted(ADD.formatted("version_day"),
            ADD.formatted("version_total"), ADD.formatted("market_day"));

    private void writeVersions(RoundTrip trip, LocalDate day, Map<Integer, VersionSum> sums, int sign) {
        trip.add(VERSIONS, (upsert, first) -> {
            Columns<Map.Entry<Integer, VersionSum>> columns = new Columns<>(upsert, first, sums.entrySet());
            columns.integers(Map.Entry::getKey);
            columns.longs(each -> sign * each.getValue().calls);
            columns.longs(each -> sign * each.getValue().charge.nanos());
            columns.longs(each -> sign * each.getValue().parts.developer().nanos());
            columns.longs(each -> sign * each.getValue().parts.baseModel().nanos());
            columns.longs(each -> sign * each.getValue().parts.dataPool().nanos());
            columns.longs(each -> sign * each.getValue().parts.validators().nanos());
            columns.longs(each -> sign * each.getValue().parts.platform().nanos());
            upsert.setDate(columns.next, Date.valueOf(day));
            upsert.setLong(columns.next + 1, instance);
            return columns.next + 2;
        });
    }

    /** Gives rows to a statement as one array for each column. */
    private static final class Columns<T> {

        private final PreparedStatement statement;
        private final List<T> rows;
        private int next;

        Columns(PreparedStatement statement, int first, Collection<T> rows) {
            this.statement = statement;
            this.rows = new ArrayList<>(rows);
            this.next = first;
        }

        void longs(Function<T, Long> value) throws SQLException {
            set("bigint", value);
        }

        void integers(Function<T, Integer> value) throws SQLException {
            set("integer", value);
        }

        private void set(String type, Function<T, ?> value) throws SQLException {
            statement.setArray(next++, statement.getConnection().createArrayOf(type, rows.stream().map(value).toArray()));
        }
    }
}
