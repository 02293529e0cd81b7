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
        List<String> terms = new ArrayList<>(List.of("u.account = ?"));
        values.add(account.value());
        if (versions != null) {
            terms.add("u.version = any (?)");
            values.add(versions.toArray(Integer[]::new));
        }
        if (key != null) {
            terms.add("u.api_key = ?");
            values.add(key);
        }
        if (abandoned != null) {
            terms.add("u.finish = ?");
            values.add(abandoned ? "ABANDONED" : "COMPLETE");
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

    private static Timestamp startOf(LocalDate day) {
        return Timestamp.from(Instant.from(day.atStartOfDay(ZoneOffset.UTC)));
    }
}
