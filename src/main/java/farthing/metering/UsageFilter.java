package farthing.metering;

import java.sql.Timestamp;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

import farthing.identity.AccountId;

/**
 * Which calls of an account are asked for.
 *
 * @param versions only calls of these; null: of any
 * @param from first day (UTC)
 * @param to last day (UTC)
 */
record UsageFilter(AccountId account, @Nullable List<Integer> versions, @Nullable Long key, @Nullable Boolean abandoned,
        @Nullable LocalDate from, @Nullable LocalDate to) {

    static UsageFilter all(AccountId account) {
        return new UsageFilter(account, null, null, null, null, null);
    }

    /** A condition on {@code usage u} and the values for its placeholders, in order. */
    String condition(List<Object> values) {
        List<String> terms = whose("u", values);
        if (abandoned != null) {
            terms.add("u.finish = '" + (abandoned ? "ABANDONED" : "COMPLETE") + "'");
        }
        if (from != null) {
            terms.add("u.charged_at >= ?");
            values.add(startOf(from));
        }
        if (to != null) {
            terms.add("u.charged_at < ?");
            values.add(startOf(to.plusDays(1)));
        }
        return String.join(" and ", terms);
    }

    /** The same on {@code usage_day d}. */
    String dayCondition(List<Object> values) {
        List<String> terms = whose("d", values);
        if (from != null) {
            terms.add("d.day >= ?");
            values.add(from);
        }
        if (to != null) {
            terms.add("d.day <= ?");
            values.add(to);
        }
        return String.join(" and ", terms);
    }

    /** Of a row of {@code usage_day d}, how many calls the filter lets through. */
    String dayCalls() {
        return abandoned == null ? "d.calls + d.reversed" : abandoned ? "d.abandoned" : "d.calls + d.reversed - d.abandoned";
    }

    /** Only calls of these days, both of which this filter lets through. */
    UsageFilter between(LocalDate first, LocalDate last) {
        return new UsageFilter(account, versions, key, abandoned, first, last);
    }

    private List<String> whose(String alias, List<Object> values) {
        List<String> terms = new ArrayList<>(List.of(alias + ".account = ?"));
        values.add(account.value());
        if (versions != null) {
            terms.add(alias + ".version = any (?)");
            values.add(versions.toArray(Integer[]::new));
        }
        if (key != null) {
            terms.add(alias + ".api_key = ?");
            values.add(key);
        }
        return terms;
    }

    private static Timestamp startOf(LocalDate day) {
        return Timestamp.from(Instant.from(day.atStartOfDay(ZoneOffset.UTC)));
    }
}
