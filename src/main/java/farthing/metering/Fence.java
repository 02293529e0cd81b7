package farthing.metering;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToLongFunction;

import farthing.metering.GroupCommit.Pending;

/**
 * What one commit may still charge. Its rows are locked for the transaction: the leases that are open and of this very
 * instance,
 * what it holds of its keys' limits, and the claims under which its calls run. Whatever is missing was taken over by others.
 */
final class Fence {

    private final Map<Long, Integer> nextSeqs = new HashMap<>();
    private final Set<Long> keyLeases = new HashSet<>();
    private final Set<Pending> lost = new HashSet<>();
    private final Set<Pending> overtaken = new HashSet<>();

    private Fence() {
    }

    /**
     * Locks in a round trip for each kind that the batch has, each kind in the order of its ids, since reversals and recalls
     * lock such rows, too.
     */
    static Fence lock(Connection connection, long instance, List<Pending> batch) throws SQLException {
        Fence fence = new Fence();
        long[] claims = batch.stream().map(Pending::replay).filter(Objects::nonNull).mapToLong(Replay::claim).toArray();
        long[] keys = batch.stream().map(p -> p.reservation().keyLease()).filter(Objects::nonNull)
                .mapToLong(lease -> lease.id().value()).distinct().toArray();
        Set<Long> claimed = claims.length == 0 ? Set.of() : claims(connection, claims);
        if (keys.length > 0) {
            fence.lockKeys(connection, instance, keys);
        }
        fence.lockLeases(connection, instance, batch);
        for (Pending pending : batch) {
            Replay replay = pending.replay();
            KeyLease key = pending.reservation().keyLease();
            if (!fence.nextSeqs.containsKey(pending.reservation().lease().id().value())
                    || key != null && !fence.keyLeases.contains(key.id().value())) {
                fence.lost.add(pending);
            } else if (replay != null && !claimed.contains(replay.claim())) {
                fence.overtaken.add(pending);
            }
        }
        return fence;
    }

    /** The first charge of an Idempotency-Key is made under the claim that let its call run, and under no other. */
    private static Set<Long> claims(Connection connection, long[] claims) throws SQLException {
        try (PreparedStatement lock = connection.prepareStatement(
                "select claim from replay where claim = any (?) and receipt is null order by claim for update")) {
            lock.setObject(1, claims);
            Set<Long> held = new HashSet<>();
            try (ResultSet row = lock.executeQuery()) {
                while (row.next()) {
                    held.add(row.getLong(1));
                }
            }
            return held;
        }
    }

    private void lockKeys(Connection connection, long instance, long[] ids) throws SQLException {
        try (PreparedStatement lock = connection
                .prepareStatement("select id from key_lease where id = any (?) and instance = ? order by id for update")) {
            lock.setObject(1, ids);
            lock.setLong(2, instance);
            try (ResultSet row = lock.executeQuery()) {
                while (row.next()) {
                    keyLeases.add(row.getLong(1));
                }
            }
        }
    }

    private void lockLeases(Connection connection, long instance, List<Pending> batch) throws SQLException {
        try (PreparedStatement lock = connection.prepareStatement("""
                select id, next_seq from lease where id = any (?) and instance = ? and state = 'OPEN'
                order by id for no key update""")) {
            lock.setObject(1, batch.stream().mapToLong(p -> p.reservation().lease().id().value()).distinct().toArray());
            lock.setLong(2, instance);
            try (ResultSet row = lock.executeQuery()) {
                while (row.next()) {
                    nextSeqs.put(row.getLong(1), row.getInt(2));
                }
            }
        }
    }

    boolean lets(Pending pending) {
        return !lost.contains(pending) && !overtaken.contains(pending);
    }

    /** The number of the charge in its lease's sequence; the next is the next one's. */
    int nextSeq(Pending pending) {
        return nextSeqs.merge(pending.reservation().lease().id().value(), 1, Integer::sum) - 1;
    }

    /**
     * Books the charges on their leases, which takes them out of what those leave. That the server goes on with a lease
     * says that it knows of all it has charged on it before.
     *
     * @param doubted leases of which that is not so
     */
    static void advance(RoundTrip trip, List<Pending> charged, Set<Long> doubted) {
        trip.add("""
                update lease l set used = l.used + t.used, next_seq = l.next_seq + t.calls,
                    unsure = t.calls + case when l.id = any (?::bigint[]) then l.unsure else 0 end
                from unnest(?::bigint[], ?::bigint[], ?::bigint[]) t (id, used, calls) where l.id = t.id""",
                (statement, first) -> {
                    int next = first;
                    statement.setObject(next++, doubted.stream().mapToLong(Long::longValue).toArray());
                    for (long[] column : sums(charged, p -> p.reservation().lease().id().value())) {
                        statement.setObject(next++, column);
                    }
                    return next;
                });
        List<Pending> limited = charged.stream().filter(p -> p.reservation().keyLease() != null).toList();
        if (!limited.isEmpty()) {
            trip.add("""
                    update key_lease l set used = l.used + t.used
                    from unnest(?::bigint[], ?::bigint[]) t (id, used) where l.id = t.id""", (statement, first) -> {
                long[][] spent = sums(limited, p -> Objects.requireNonNull(p.reservation().keyLease()).id().value());
                statement.setObject(first, spent[0]);
                statement.setObject(first + 1, spent[1]);
                return first + 2;
            });
        }
    }

    /** @return ids, nanos and numbers of calls */
    private static long[][] sums(List<Pending> charged, ToLongFunction<Pending> id) {
        Map<Long, long[]> byId = new TreeMap<>();
        for (Pending pending : charged) {
            long[] sum = byId.computeIfAbsent(id.applyAsLong(pending), i -> new long[2]);
            sum[0] = Math.addExact(sum[0], pending.amount().nanos());
            sum[1]++;
        }
        return new long[][] { byId.keySet().stream().mapToLong(Long::longValue).toArray(),
                byId.values().stream().mapToLong(sum -> sum[0]).toArray(),
                byId.values().stream().mapToLong(sum -> sum[1]).toArray() };
    }

    Set<Pending> lost() {
        return lost;
    }

    Set<Pending> overtaken() {
        return overtaken;
    }
}
