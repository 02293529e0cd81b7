package farthing.metering;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

import farthing.identity.AccountId;

/**
 * Which calls an address asks for, as it is written there. Times are UTC: a day, which is meant from its beginning to its end,
 * or
 * a moment, where the calls until it end just before.
 */
record UsageQuery(String model, String key, String state, String from, String to) {

    boolean isFiltered() {
        return !(model + key + state + from + to).isEmpty();
    }

    /** The words that mean nothing left out. */
    UsageQuery understood() {
        return new UsageQuery(model, isKey() ? key : "", CallState.named(state).isPresent() ? state : "",
                start().isPresent() ? from : "", end().isPresent() ? to : "");
    }

    /** Nothing when every word means something. @throws WrongUsageQuery naming the first that does not */
    void requireUnderstood(Map<String, List<Integer>> models) {
        if (!model.isEmpty() && !models.containsKey(model)) {
            throw new WrongUsageQuery("model", "No call of yours was to a model '" + shortened(model) + "'.");
        }
        if (!key.isEmpty() && !isKey()) {
            throw new WrongUsageQuery("key", "key is the number of a key; each call names it.");
        }
        if (!state.isEmpty() && CallState.named(state).isEmpty()) {
            throw new WrongUsageQuery("state", "state is charged, abandoned or reversed.");
        }
        if (!from.isEmpty() && start().isEmpty()) {
            throw WrongUsageQuery.time("from", shortened(from));
        }
        if (!to.isEmpty() && end().isEmpty()) {
            throw WrongUsageQuery.time("to", shortened(to));
        }
    }

    /** @param models the versions of each model that the account has called */
    UsageFilter filter(AccountId account, Map<String, List<Integer>> models) {
        return new UsageFilter(account, model.isEmpty() ? null : models.getOrDefault(model, List.of()),
                isKey() ? Long.valueOf(key) : null, CallState.named(state).orElse(null), start().orElse(null),
                end().orElse(null));
    }

    private boolean isKey() {
        return key.matches("[0-9]{1,18}");
    }

    Optional<Instant> start() {
        return Optional.ofNullable(moment(from, 0));
    }

    Optional<Instant> end() {
        return Optional.ofNullable(moment(to, 1));
    }

    Map<String, String> parameters() {
        Map<String, String> parameters = new LinkedHashMap<>();
        parameters.put("model", model);
        parameters.put("key", key);
        parameters.put("state", state);
        parameters.put("from", from);
        parameters.put("to", to);
        return parameters;
    }

    /** As it stands behind a question mark, without those that are empty. */
    static String written(Map<String, String> parameters) {
        StringBuilder query = new StringBuilder();
        parameters.forEach((name, value) -> {
            if (!value.isEmpty()) {
                query.append(query.isEmpty() ? "" : "&").append(name).append('=')
                        .append(URLEncoder.encode(value, StandardCharsets.UTF_8));
            }
        });
        return query.toString();
    }

    private static @Nullable Instant moment(String text, int afterADay) {
        try {
            if (text.matches("[0-9]{4}-[0-9]{2}-[0-9]{2}")) {
                return UsageFilter.startOf(LocalDate.parse(text).plusDays(afterADay));
            }
            if (!text.matches("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,9})?)?Z?")) {
                return null;
            }
            return LocalDateTime.parse(text.replace("Z", "")).toInstant(ZoneOffset.UTC);
        } catch (DateTimeException e) {
            return null;
        }
    }

    private static String shortened(String text) {
        return text.length() <= 100 ? text : text.substring(0, 100) + "…";
    }
}
