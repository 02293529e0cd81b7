package farthing.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;

/**
 * What clients wrote down of their calls, and whether the database agrees. A call has a number of its own among those of its
 * key, and the mock upstream counts as many output tokens as that: so a usage names the call that it charges, whether its
 * client heard of it or not.
 */
final class Journal {

    enum Outcome {
        /** Answered to the end, with a receipt and a charge. */
        ACKNOWLEDGED,
        /** Told that it failed and costs nothing. */
        FREE,
        /** Told that nobody knows, and that it is taken back if it was charged. */
        UNKNOWN,
        /** The client left before the end. */
        LEFT,
        /** The connection broke: nothing is known. */
        BROKEN
    }

    /** A key that calls are made with, and the last number among its calls. */
    record Key(long id, String secret, AtomicInteger numbers) {

        Number next() {
            return new Number(id, numbers.incrementAndGet());
        }
    }

    record Number(long key, int of) {
    }

    /**
     * @param idempotencyKey null for none; of these calls only one is charged
     * @param bytes of the body that arrived
     * @param done whether the end of a stream was seen
     * @param said code of an error or what broke
     */
    record Call(Number number, @Nullable String idempotencyKey, Outcome outcome, int status, @Nullable UUID receipt,
            @Nullable Long charge, long bytes, boolean done, String said) {
    }

    private final Queue<Call> calls = new ConcurrentLinkedQueue<>();
    private final Set<Integer> ignored = ConcurrentHashMap.newKeySet();
    /** Numbers that were sent, those under way included. */
    private final Set<Number> sent = ConcurrentHashMap.newKeySet();

    /** Its calls are counted otherwise. */
    void ignore(int line) {
        ignored.add(line);
    }

    void sending(Number number) {
        sent.add(number);
    }

    void add(Call call) {
        calls.add(call);
    }

    long count(Outcome outcome) {
        return calls.stream().filter(call -> call.outcome == outcome).count();
    }

    /** How often each error was told, for whoever reads a log. */
    Map<String, Long> said(Outcome... outcomes) {
        return calls.stream().filter(call -> List.of(outcomes).contains(call.outcome))
                .collect(Collectors.groupingBy(Call::said, Collectors.counting()));
    }

    private record Usage(UUID receipt, long charge, Number number, boolean abandoned, boolean reversed) {
    }

    /**
     * No acknowledged call is missing, none is charged twice or otherwise than its client was told, and what failed is free.
     *
     * @param quiet whether nothing is under way any more, so that doubts are resolved
     */
    void assertAgreesWith(Connection database, boolean quiet) throws SQLException {
        // Before the usages: whatever was acknowledged by now is durable.
        List<Call> told = List.copyOf(calls);
        List<String> faults = new ArrayList<>();
        Map<UUID, Usage> byReceipt = new HashMap<>();
        Map<Number, List<Usage>> byNumber = new HashMap<>();
        for (Usage usage : usages(database)) {
            if (byReceipt.put(usage.receipt, usage) != null) {
                faults.add("charged twice under one receipt: " + usage);
            }
            if (!usage.abandoned) {
                byNumber.computeIfAbsent(usage.number, n -> new ArrayList<>()).add(usage);
            }
        }
        byNumber.forEach((number, usages) -> {
            if (!sent.contains(number)) {
                faults.add("charged and never asked for: " + usages);
            }
            if (usages.stream().filter(usage -> !usage.reversed).count() > 1) {
                faults.add("charged twice: call " + number + ": " + usages);
            }
        });
        Map<UUID, Call> named = new HashMap<>();
        for (Call call : told) {
            List<Usage> charged = new ArrayList<>(byNumber.getOrDefault(call.number, List.of()));
            Usage usage = call.receipt == null ? null : byReceipt.get(call.receipt);
            if (usage != null && usage.abandoned) {
                charged.add(usage);
            }
            charged.removeIf(Usage::reversed);
            Call other = call.receipt == null ? null : named.put(call.receipt, call);
            if (other != null && (call.idempotencyKey == null || !call.idempotencyKey.equals(other.idempotencyKey))) {
                faults.add("one receipt for two calls: " + call + " and " + other);
            }
            String fault = fault(call, charged, quiet);
            if (fault != null) {
                faults.add(fault + ": " + call + ", charged: " + charged);
            }
        }
        Set<UUID> known = new HashSet<>(named.keySet());
        byReceipt.values().stream().filter(usage -> usage.abandoned && quiet && !known.contains(usage.receipt))
                .forEach(usage -> faults.add("charged as abandoned, and no client left it: " + usage));
        assertThat(faults).as("%d calls of clients and %d usages", told.size(), byReceipt.size()).isEmpty();
    }

    private static @Nullable String fault(Call call, List<Usage> charged, boolean quiet) {
        if (charged.size() > 1) {
            return "charged twice";
        }
        if (call.outcome == Outcome.ACKNOWLEDGED) {
            if (charged.size() != 1 || !charged.getFirst().receipt.equals(call.receipt)) {
                return "acknowledged and not charged";
            }
            return call.charge != null && call.charge == charged.getFirst().charge ? null : "charged otherwise than told";
        }
        if (call.idempotencyKey != null || charged.isEmpty()) {
            // Another call with the same key may have been answered.
            return null;
        }
        return switch (call.outcome) {
            case FREE -> "failed and charged";
            case UNKNOWN -> quiet ? "of unknown outcome and not taken back" : null;
            default -> null;
        };
    }

    private List<Usage> usages(Connection database) throws SQLException {
        List<Usage> usages = new ArrayList<>();
        try (Statement statement = database.createStatement();
                ResultSet rows = statement.executeQuery("""
                        select u.receipt, u.charge, u.output_tokens, u.finish = 'ABANDONED', r.receipt is not null, u.line,
                        u.api_key
                        from usage u left join usage_reversal r on r.receipt = u.receipt""")) {
            while (rows.next()) {
                if (!ignored.contains(rows.getInt(6))) {
                    usages.add(new Usage(rows.getObject(1, UUID.class), rows.getLong(2),
                            new Number(rows.getLong(7), rows.getInt(3)), rows.getBoolean(4), rows.getBoolean(5)));
                }
            }
        }
        return usages;
    }
}
