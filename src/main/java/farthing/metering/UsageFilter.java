package farthing.metering;

import java.sql.Timestamp;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

import farthing.identity.AccountId;

/**
 * Which calls of an account are asked for.
 *
 * @param versions only calls of these; null: of any
 * @param from the first moment
 * @param until the first moment that is too late
 */
record UsageFilter(AccountId account, @Nullable List<Integer> versions, @Nullable Long key, @Nullable CallState state,
        @Nullable Instant from, @Nullable Instant until) {

    private static final String REVERSED = "exists (select 1 from usage_reversal x"
            + " where x.receipt = u.receipt and x.account = u.account and x.charged_at = u.charged_at)";

    static UsageFilter all(AccountId account) {
        return new UsageFilter(account, null, null, null, null, null);
    }

    /** The same, but of these days alone. */
    UsageFilter within(LocalDate first, LocalDate last) {
        Instant start = startOf(first);
        Instant end = startOf(last.plusDays(1));
        return new UsageFilter(account, versions, key, state, from == null || from.isBefore(start) ? start : from,
                until == null || until.isAfter(end) ? end : until);
    }

    /** The same, but nothing before. */
    UsageFilter since(Instant moment) {
        return from != null && !from.isBefore(moment) ? this
                : new UsageFilter(account, versions, key, state, moment, until);
    }

    /**
     * A condition on {@code usage u} and the values for its placeholders, in order. Where only some versions are asked for,
     * it is of the one in {@code v.version}: the calls of each stand in an index in their order, those of several together
     * do not.
     */
    String condition(List<Object> values) {
        List<String> terms = whose("u", values);
        if (versions != null) {
            terms.add("u.version = v.version");
        }
        if (from != null) {
            terms.add("u.charged_at >= ?");
            values.add(Timestamp.from(from));
        }
        if (until != null) {
            terms.add("u.charged_at < ?");
            values.add(Timestamp.from(until));
        }
        if (state != null) {
            terms.add(switch (state) {
                case CHARGED -> "u.finish = 'COMPLETE' and not " + REVERSED;
                case ABANDONED -> "u.finish = 'ABANDONED' and not " + REVERSED;
                case REVERSED -> REVERSED;
            });
        }
        return String.join(" and ", terms);
    }

    /** The same on {@code usage_day d}, by the days that have any of its moments. */
    String dayCondition(List<Object> values) {
        List<String> terms = whose("d", values);
        if (versions != null) {
            terms.add("d.version = any (?)");
            values.add(versions.toArray(Integer[]::new));
        }
        if (from != null) {
            terms.add("d.day >= ?");
            values.add(dayOf(from));
        }
        if (until != null) {
            terms.add("d.day <= ?");
            values.add(dayOf(until.minusNanos(1)));
        }
        return String.join(" and ", terms);
    }

    /** Of a row of {@code usage_day d}, how many calls the filter lets through on the whole day. */
    String dayCalls() {
        return switch (state) {
            case null -> "d.calls + d.reversed";
            case CHARGED -> "d.calls - d.abandoned";
            case ABANDONED -> "d.abandoned";
            case REVERSED -> "d.reversed";
        };
    }

    boolean hasAllOf(LocalDate day) {
        return (from == null || !from.isAfter(startOf(day))) && (until == null || !until.isBefore(startOf(day.plusDays(1))));
    }

    private List<String> whose(String alias, List<Object> values) {
        List<String> terms = new ArrayList<>(List.of(alias + ".account = ?"));
        values.add(account.value());
        if (key != null) {
            terms.add(alias + ".api_key = ?");
            values.add(key);
        }
        return terms;
    }

    static LocalDate dayOf(Instant moment) {
        return LocalDate.ofInstant(moment, ZoneOffset.UTC);
    }

    static Instant startOf(LocalDate day) {
        return day.atTime(LocalTime.MIN).toInstant(ZoneOffset.UTC);
    }
}
