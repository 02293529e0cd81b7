package farthing.metering;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.jboss.logging.Logger;

import farthing.ledger.Account;
import farthing.ledger.Entry;
import farthing.ledger.Ledger;
import farthing.ledger.LineId;
import farthing.ledger.Posting;
import farthing.metering.GroupCommit.Pending;
import farthing.money.Amount;
import farthing.receipt.Receipt;
import farthing.receipt.ReceiptBody;
import farthing.receipt.ReceiptSigner;
import farthing.receipt.ReceiptTree;
import farthing.receipt.Shares;

/** Writes one group commit: fence, usages, signature over their receipts, journal entry, roll-ups and replays together. */
final class CommitWriter {

    private static final Logger LOG = Logger.getLogger(CommitWriter.class);

    /**
     * Nothing was written for either.
     *
     * @param lost charges whose lease was taken over meanwhile
     * @param overtaken charges whose Idempotency-Key was claimed by another call meanwhile
     */
    record Written(Set<Pending> lost, Set<Pending> overtaken) {

        int free() {
            return lost.size() + overtaken.size();
        }
    }

    /** One charge and the receipt that is written for it. */
    record Row(Pending pending, Receipt receipt, ReceiptBody body) {
    }

    private final Database database;
    private final Ledger ledger;
    private final ReceiptSigner signer;
    private final Clock clock;
    private final long instance;
    private final Settled settled;
    private final RollUps rollUps;

    CommitWriter(Database database, Ledger ledger, ReceiptSigner signer, Clock clock, long instance, Settled settled) {
        this.database = database;
        this.ledger = ledger;
        this.signer = signer;
        this.clock = clock;
        this.instance = instance;
        this.settled = settled;
        this.rollUps = new RollUps(instance);
    }

    /** @param doubted leases on which a commit of this server is in doubt */
    Written write(long commit, List<Pending> batch, Set<Long> doubted) {
        return database.inTransaction(connection -> write(connection, commit, batch, doubted));
    }

    /** Batches may take all that was charged on these leases until now, by commits that are confirmed. */
    void sureOf(Collection<Long> leases) {
        sure("id = any (?)", leases);
    }

    /** No server but this one is alive: what nobody doubts now nobody will. */
    void sureOfAllBut(Collection<Long> doubted) {
        sure("id <> all (?)", doubted);
    }

    private void sure(String which, Collection<Long> leases) {
        database.inTransaction(connection -> {
            try (PreparedStatement update = connection.prepareStatement("""
                    with known as (select id from lease where %s and unsure > 0 order by id for no key update)
                    update lease l set unsure = 0 from known k where k.id = l.id""".formatted(which))) {
                update.setArray(1, connection.createArrayOf("bigint", leases.toArray()));
                return update.executeUpdate();
            }
        });
    }

    /** After an unknown outcome: what became durable. Waits, by the leases' row locks, for a commit that is still under way. */
    Written reread(long commit, List<Pending> batch) {
        return database.inTransaction(connection -> {
            // Weaker than a reversal's: a batch that is being built does not hold it up.
            lockLeases(connection, batch.stream().map(p -> p.reservation().lease().id().value()), "no key update");
            Set<Object> durable = receiptsOf(connection, commit);
            return new Written(batch.stream().filter(p -> !durable.contains(p.reservation().receipt().value()))
                    .collect(Collectors.toSet()), Set.of());
        });
    }

    /**
     * Takes back what became durable although its caller was told that nobody knows. What a batch holds already stays
     * charged: what is settled is paid back and never changed.
     *
     * @return how many of the calls cost nothing
     */
    int reverse(Doubts.Doubt doubt) {
        return database.inTransaction(connection -> {
            List<CallCharge> calls = doubt.calls();
            lockLeases(connection, calls.stream().map(CallCharge::lease), "update");
            Set<Object> durable = receiptsOf(connection, doubt.commit());
            Set<Object> inBatch = settledOf(connection, doubt);
            if (!inBatch.isEmpty()) {
                LOG.warnf("charged without an answer and already in a batch, so refund their payers: receipts %s", inBatch);
            }
            List<CallCharge> undelivered = calls.stream()
                    .filter(call -> durable.contains(call.receipt()) && !inBatch.contains(call.receipt())).toList();
            Instant now = clock.instant();
            Set<Object> reversed = insertReversals(connection, doubt.commit(), undelivered, now);
            if (!reversed.isEmpty()) {
                List<CallCharge> taken = undelivered.stream().filter(call -> reversed.contains(call.receipt())).toList();
                postReversal(connection, doubt.commit(), taken, now);
                freeKeys(connection, taken);
            }
            return calls.size() - inBatch.size();
        });
    }

    private Written write(Connection connection, long commit, List<Pending> batch, Set<Long> doubted) throws SQLException {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        Fence fence = Fence.lock(connection, instance, batch);
        List<Row> rows = rows(fence, batch, now);
        if (!rows.isEmpty()) {
            List<Pending> charged = rows.stream().map(Row::pending).toList();
            RoundTrip first = new RoundTrip();
            Fence.advance(first, charged, doubted);
            insertCommit(first, commit, rows, now);
            first.send(connection);
            UsageRows.copy(connection, commit, rows, now);
            post(connection, commit, rows, now);
            keepReplays(connection, rows);
            // Last: other instances wait for the rows of the keys that we both serve.
            RoundTrip last = new RoundTrip();
            rollUps.add(last, LocalDate.ofInstant(now, ZoneOffset.UTC), charged.stream().map(CallCharge::of).toList());
            last.send(connection);
        }
        return new Written(fence.lost(), fence.overtaken());
    }

    private static List<Row> rows(Fence fence, List<Pending> batch, Instant now) {
        List<Row> rows = new ArrayList<>(batch.size());
        for (Pending pending : batch) {
            if (fence.lets(pending)) {
                rows.add(row(pending, fence.nextSeq(pending), now));
            }
        }
        return rows;
    }

    private static Row row(Pending pending, int seq, Instant now) {
        Reservation call = pending.reservation();
        Units units = pending.consumed().units();
        Hashes hashes = pending.hashes();
        ReceiptBody body = new ReceiptBody(call.receipt(), now, call.listing().offer().id().value(), units.inputTokens(),
                units.outputTokens(), units.items(), hashes.request(), hashes.response());
        Receipt receipt = new Receipt(call.lease().line().value(), call.lease().id().value(), seq,
                call.listing().version().value(), pending.amount(), body.hash(hashes.body()), Shares.NONE.hash());
        return new Row(pending, receipt, body);
    }

    private void insertCommit(RoundTrip trip, long commit, List<Row> rows, Instant now) {
        byte[] root = new ReceiptTree(rows.stream().map(r -> r.receipt.leaf()).toList()).root();
        // In the same transaction as the usages: a signature leaves this process only when they are durable.
        byte[] signature = signer.sign(root, rows.size());
        trip.add("insert into receipt_commit (id, root, size, signer, signature, committed_at) values (?, ?, ?, ?, ?, ?)",
                (insert, first) -> {
                    int next = first;
                    insert.setLong(next++, commit);
                    insert.setBytes(next++, root);
                    insert.setInt(next++, rows.size());
                    insert.setBytes(next++, signer.address());
                    insert.setBytes(next++, signature);
                    insert.setTimestamp(next++, Timestamp.from(now));
                    return next;
                });
    }

    /** One entry for the whole commit, summed per line. */
    private void post(Connection connection, long commit, List<Row> rows, Instant now) throws SQLException {
        Map<Integer, Amount> byLine = new TreeMap<>();
        rows.forEach(r -> byLine.merge(r.receipt.line(), r.receipt.charge(), Amount::plus));
        List<Posting> postings = new ArrayList<>();
        byLine.forEach((line, amount) -> postings.add(new Posting(Account.leased(new LineId(line)), amount.negated())));
        postings.add(new Posting(Account.charges(), Amount.sum(byLine.values())));
        ledger.post(connection, new Entry("calls", "commit:" + Long.toHexString(commit), now, postings));
    }

    /** Empty when an earlier try has done it, whose answer did not arrive. */
    private static Set<Object> insertReversals(Connection connection, long commit, List<CallCharge> calls, Instant now)
            throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                insert into usage_reversal (receipt, commit_id, reversed_at, account, charged_at)
                select u.receipt, u.commit_id, ?, u.account, u.charged_at
                from usage u join receipt_commit c on c.id = u.commit_id and c.committed_at = u.charged_at
                where c.id = ? and u.receipt = any (?) on conflict (receipt) do nothing returning receipt""")) {
            insert.setTimestamp(1, Timestamp.from(now));
            insert.setLong(2, commit);
            insert.setArray(3, connection.createArrayOf("uuid", calls.stream().map(CallCharge::receipt).toArray()));
            try (ResultSet rows = insert.executeQuery()) {
                Set<Object> reversed = new HashSet<>();
                while (rows.next()) {
                    reversed.add(rows.getObject(1));
                }
                return reversed;
            }
        }
    }

    /** The calls of these Idempotency-Keys were not answered and cost nothing, so the keys stand for nothing. */
    private static void freeKeys(Connection connection, List<CallCharge> calls) throws SQLException {
        Long[] claims = calls.stream().map(CallCharge::claim).filter(Objects::nonNull).toArray(Long[]::new);
        if (claims.length > 0) {
            try (PreparedStatement delete = connection.prepareStatement("delete from replay where claim = any (?)")) {
                delete.setArray(1, connection.createArrayOf("bigint", claims));
                delete.executeUpdate();
            }
        }
    }

    /** The money goes to the lines and not to the leases, which may have ended. */
    private void postReversal(Connection connection, long commit, List<CallCharge> calls, Instant now) throws SQLException {
        Map<LineId, Amount> byLine = new HashMap<>();
        calls.forEach(call -> byLine.merge(new LineId(call.line()), call.amount(), Amount::plus));
        List<Posting> postings = new ArrayList<>();
        byLine.forEach((line, amount) -> postings.add(new Posting(Account.line(line), amount)));
        postings.add(new Posting(Account.charges(), Amount.sum(byLine.values()).negated()));
        ledger.post(connection, new Entry("reversal", "reversal:" + Long.toHexString(commit), now, postings));
        RoundTrip trip = new RoundTrip();
        rollUps.takeBack(trip, dayOf(connection, commit), calls);
        trip.send(connection);
    }

    /** On which the commit's calls were charged. */
    private static LocalDate dayOf(Connection connection, long commit) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "select (committed_at at time zone 'UTC')::date from receipt_commit where id = ?")) {
            select.setLong(1, commit);
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getObject(1, LocalDate.class);
            }
        }
    }

    private static void keepReplays(Connection connection, List<Row> rows) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement("""
                update replay set receipt = ?, content_type = ?, answer = ?, charge = ? where claim = ?""")) {
            boolean any = false;
            for (Row row : rows) {
                Replay replay = row.pending.replay();
                if (replay != null) {
                    update.setObject(1, row.pending.reservation().receipt().value());
                    update.setString(2, replay.contentType());
                    update.setBytes(3, replay.encryptedAnswer());
                    update.setLong(4, row.pending.amount().nanos());
                    update.setLong(5, replay.claim());
                    update.addBatch();
                    any = true;
                }
            }
            if (any) {
                update.executeBatch();
            }
        }
    }

    private static void lockLeases(Connection connection, Stream<Long> leases, String strength) throws SQLException {
        Long[] ids = leases.distinct().sorted().toArray(Long[]::new);
        try (PreparedStatement lock = connection
                .prepareStatement("select id from lease where id = any (?) order by id for " + strength)) {
            lock.setArray(1, connection.createArrayOf("bigint", ids));
            lock.executeQuery().close();
        }
    }

    /** The receipts of the commit that were due for a reversal and stand in a batch. */
    private Set<Object> settledOf(Connection connection, Doubts.Doubt doubt) throws SQLException {
        Set<UUID> unanswered = doubt.calls().stream().map(CallCharge::receipt).collect(Collectors.toSet());
        Map<Long, Integer> upTo = settled.upTo(connection, doubt.calls().stream().map(CallCharge::lease).distinct().toList());
        try (PreparedStatement select = connection
                .prepareStatement("""
                        select u.receipt, u.lease, u.seq from receipt_commit c
                        join standing_usage u on u.charged_at = c.committed_at and u.commit_id = c.id where c.id = ?""")) {
            select.setLong(1, doubt.commit());
            try (ResultSet rows = select.executeQuery()) {
                Set<Object> receipts = new HashSet<>();
                while (rows.next()) {
                    if (rows.getInt(3) < upTo.getOrDefault(rows.getLong(2), 0)
                            && unanswered.contains(rows.getObject(1, UUID.class))) {
                        receipts.add(rows.getObject(1));
                    }
                }
                return receipts;
            }
        }
    }

    private static Set<Object> receiptsOf(Connection connection, long commit) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("""
                select u.receipt from receipt_commit c
                join usage u on u.charged_at = c.committed_at and u.commit_id = c.id where c.id = ?""")) {
            select.setLong(1, commit);
            try (ResultSet rows = select.executeQuery()) {
                Set<Object> receipts = new HashSet<>();
                while (rows.next()) {
                    receipts.add(rows.getObject(1));
                }
                return receipts;
            }
        }
    }
}
