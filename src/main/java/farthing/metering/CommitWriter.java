package farthing.metering;

import java.sql.Connection;
import java.sql.Date;
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
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

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
import farthing.receipt.Salts;
import farthing.receipt.Shares;

/** Writes one group commit: fence, usages, signature over their receipts, journal entry, roll-ups and replays together. */
final class CommitWriter {

    private static final Logger LOG = Logger.getLogger(CommitWriter.class);

    /** @param fenced charges whose lease or claim was taken over meanwhile; nothing was written for them */
    record Written(Set<Pending> fenced) {
    }

    private record Row(Pending pending, Receipt receipt, ReceiptBody body) {
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

    Written write(long commit, List<Pending> batch) {
        return database.inTransaction(connection -> write(connection, commit, batch));
    }

    /** After an unknown outcome: what became durable. Waits, by the leases' row locks, for a commit that is still under way. */
    Written reread(long commit, List<Pending> batch) {
        return database.inTransaction(connection -> {
            lockLeases(connection, batch);
            Set<Object> durable = receiptsOf(connection, commit);
            return new Written(batch.stream().filter(p -> !durable.contains(p.reservation().receipt().value()))
                    .collect(Collectors.toSet()));
        });
    }

    /**
     * Takes back what became durable although its caller was told that nobody knows. A call whose answer is kept
     * for its Idempotency-Key stays charged, since a retry gets that answer, and so does one that a batch holds
     * already: what is settled is paid back and never changed.
     *
     * @return the calls that cost nothing
     */
    Set<Pending> reverse(long commit, List<Pending> batch) {
        return database.inTransaction(connection -> {
            lockLeases(connection, batch);
            Set<Object> durable = receiptsOf(connection, commit);
            Set<Object> inBatch = settledOf(connection, commit, batch);
            List<Pending> undelivered = batch.stream().filter(p -> p.replay() == null)
                    .filter(p -> durable.contains(p.reservation().receipt().value())
                            && !inBatch.contains(p.reservation().receipt().value()))
                    .toList();
            if (!inBatch.isEmpty()) {
                LOG.warnf("charged without an answer and already in a batch, so refund their payers: receipts %s", inBatch);
            }
            Instant now = clock.instant();
            Set<Object> reversed = insertReversals(connection, commit, undelivered, now);
            if (!reversed.isEmpty()) {
                postReversal(connection, commit,
                        undelivered.stream().filter(p -> reversed.contains(p.reservation().receipt().value())).toList(), now);
            }
            return batch.stream().filter(p -> undelivered.contains(p) || !durable.contains(p.reservation().receipt().value()))
                    .collect(Collectors.toSet());
        });
    }

    private Written write(Connection connection, long commit, List<Pending> batch) throws SQLException {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        Set<Pending> fenced = withoutTheirClaim(connection, batch);
        List<Row> rows = new ArrayList<>();
        // In the order in which the database sorts them: reversals lock leases, too.
        Map<Lease, List<Pending>> byLease = new TreeMap<>((a, b) -> Long.compare(a.id().value(), b.id().value()));
        batch.stream().filter(p -> !fenced.contains(p))
                .forEach(p -> byLease.computeIfAbsent(p.reservation().lease(), l -> new ArrayList<>()).add(p));
        for (Map.Entry<Lease, List<Pending>> each : byLease.entrySet()) {
            Integer seq = advance(connection, each.getKey(), each.getValue());
            if (seq == null) {
                fenced.addAll(each.getValue());
                continue;
            }
            for (Pending pending : each.getValue()) {
                rows.add(row(pending, seq, now));
                seq++;
            }
        }
        if (!rows.isEmpty()) {
            insertCommit(connection, commit, rows, now);
            insertUsages(connection, commit, rows, now);
            post(connection, commit, rows, now);
            keepReplays(connection, rows);
            // Last: other instances wait for the rows of the keys that we both serve.
            LocalDate day = LocalDate.ofInstant(now, ZoneOffset.UTC);
            addSpending(connection, day, rows.stream().map(Row::pending).toList(), 1);
            rollUps.add(connection, day, rows.stream().map(Row::pending).toList());
        }
        return new Written(fenced);
    }

    /**
     * The other fence: the first charge of an Idempotency-Key is made under the claim that let its call run, and under no
     * other.
     */
    private static Set<Pending> withoutTheirClaim(Connection connection, List<Pending> batch) throws SQLException {
        Long[] claims = batch.stream().map(Pending::replay).filter(Objects::nonNull).map(Replay::claim).toArray(Long[]::new);
        if (claims.length == 0) {
            return new HashSet<>();
        }
        try (PreparedStatement lock = connection.prepareStatement(
                "select claim from replay where claim = any (?) and receipt is null order by claim for update")) {
            lock.setArray(1, connection.createArrayOf("bigint", claims));
            Set<Long> held = new HashSet<>();
            try (ResultSet row = lock.executeQuery()) {
                while (row.next()) {
                    held.add(row.getLong(1));
                }
            }
            return batch.stream().filter(p -> p.replay() != null && !held.contains(p.replay().claim()))
                    .collect(Collectors.toCollection(HashSet::new));
        }
    }

    /** The fence: only the open lease of this very instance takes charges. */
    private @Nullable Integer advance(Connection connection, Lease lease, List<Pending> charges)
            throws SQLException {
        try (PreparedStatement update = connection.prepareStatement("""
                update lease set used = used + ?, next_seq = next_seq + ?
                where id = ? and instance = ? and state = 'OPEN' returning next_seq""")) {
            update.setLong(1, Amount.sum(charges.stream().map(Pending::amount)::iterator).nanos());
            update.setInt(2, charges.size());
            update.setLong(3, lease.id().value());
            update.setLong(4, instance);
            try (ResultSet row = update.executeQuery()) {
                return row.next() ? row.getInt(1) - charges.size() : null;
            }
        }
    }

    private static Row row(Pending pending, int seq, Instant now) {
        Reservation call = pending.reservation();
        Consumed consumed = pending.consumed();
        Units units = consumed.units();
        Salts salts = pending.salts();
        ReceiptBody body = new ReceiptBody(call.receipt(), now, call.listing().offer().id().value(), units.inputTokens(),
                units.outputTokens(), units.items(), ReceiptBody.contentHash(salts.request(), consumed.request()),
                ReceiptBody.contentHash(salts.answer(), consumed.response()));
        Receipt receipt = new Receipt(call.lease().line().value(), call.lease().id().value(), seq,
                call.listing().version().value(), pending.amount(), body.hash(salts.body()), Shares.NONE.hash());
        return new Row(pending, receipt, body);
    }

    private void insertCommit(Connection connection, long commit, List<Row> rows, Instant now) throws SQLException {
        byte[] root = new ReceiptTree(rows.stream().map(r -> r.receipt.leaf()).toList()).root();
        try (PreparedStatement insert = connection.prepareStatement(
                "insert into receipt_commit (id, root, size, signer, signature, committed_at) values (?, ?, ?, ?, ?, ?)")) {
            insert.setLong(1, commit);
            insert.setBytes(2, root);
            insert.setInt(3, rows.size());
            insert.setBytes(4, signer.address());
            // In the same transaction as the usages: a signature leaves this process only when they are durable.
            insert.setBytes(5, signer.sign(root, rows.size()));
            insert.setTimestamp(6, Timestamp.from(now));
            insert.executeUpdate();
        }
    }

    private static void insertUsages(Connection connection, long commit, List<Row> rows, Instant now) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                insert into usage (receipt, commit_id, leaf_index, line, lease, seq, account, api_key, version, offer,
                    input_tokens, output_tokens, items, charge, finish, streamed, started_at, charged_at, salt,
                    request_hash, response_hash, body_hash, shares_hash)
                values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""")) {
            for (int leaf = 0; leaf < rows.size(); leaf++) {
                Row row = rows.get(leaf);
                Reservation call = row.pending.reservation();
                Consumed consumed = row.pending.consumed();
                ReceiptBody body = row.body;
                insert.setObject(1, call.receipt().value());
                insert.setLong(2, commit);
                insert.setInt(3, leaf);
                insert.setInt(4, row.receipt.line());
                insert.setLong(5, row.receipt.lease());
                insert.setInt(6, row.receipt.seq());
                insert.setLong(7, call.caller().account().value());
                insert.setLong(8, call.caller().key().value());
                insert.setInt(9, row.receipt.version());
                insert.setLong(10, body.offer());
                insert.setInt(11, body.inputTokens());
                insert.setInt(12, body.outputTokens());
                insert.setInt(13, body.items());
                insert.setLong(14, row.receipt.charge().nanos());
                insert.setString(15, consumed.abandoned() ? "ABANDONED" : "COMPLETE");
                insert.setBoolean(16, consumed.streamed());
                insert.setTimestamp(17, Timestamp.from(consumed.startedAt()));
                insert.setTimestamp(18, Timestamp.from(now));
                insert.setBytes(19, row.pending.salts().secret());
                insert.setBytes(20, body.requestHash());
                insert.setBytes(21, body.responseHash());
                insert.setBytes(22, row.receipt.bodyHash());
                insert.setBytes(23, row.receipt.sharesHash());
                insert.addBatch();
            }
            insert.executeBatch();
        }
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
    private static Set<Object> insertReversals(Connection connection, long commit, List<Pending> calls, Instant now)
            throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                insert into usage_reversal (receipt, commit_id, reversed_at) select unnest(?), ?, ?
                on conflict (receipt) do nothing returning receipt""")) {
            insert.setArray(1, connection.createArrayOf("uuid",
                    calls.stream().map(p -> p.reservation().receipt().value()).toArray()));
            insert.setLong(2, commit);
            insert.setTimestamp(3, Timestamp.from(now));
            try (ResultSet rows = insert.executeQuery()) {
                Set<Object> reversed = new HashSet<>();
                while (rows.next()) {
                    reversed.add(rows.getObject(1));
                }
                return reversed;
            }
        }
    }

    /** The money goes to the lines and not to the leases, which may have ended. */
    private void postReversal(Connection connection, long commit, List<Pending> calls, Instant now) throws SQLException {
        Map<LineId, Amount> byLine = new HashMap<>();
        calls.forEach(p -> byLine.merge(p.reservation().lease().line(), p.amount(), Amount::plus));
        List<Posting> postings = new ArrayList<>();
        byLine.forEach((line, amount) -> postings.add(new Posting(Account.line(line), amount)));
        postings.add(new Posting(Account.charges(), Amount.sum(byLine.values()).negated()));
        ledger.post(connection, new Entry("reversal", "reversal:" + Long.toHexString(commit), now, postings));
        LocalDate day = dayOf(connection, commit);
        addSpending(connection, day, calls, -1);
        rollUps.takeBack(connection, day, calls);
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

    /** @param sign 1 adds, -1 takes back */
    private static void addSpending(Connection connection, LocalDate day, List<Pending> calls, int sign) throws SQLException {
        Map<Long, List<Amount>> byKey = new TreeMap<>();
        calls.forEach(p -> byKey.computeIfAbsent(p.reservation().caller().key().value(), k -> new ArrayList<>())
                .add(p.amount()));
        try (PreparedStatement upsert = connection.prepareStatement("""
                insert into key_spending (day, api_key, nanos, calls) select ?, t.* from unnest(?, ?, ?) t
                on conflict (api_key, day) do update set
                    nanos = key_spending.nanos + excluded.nanos, calls = key_spending.calls + excluded.calls""")) {
            upsert.setDate(1, Date.valueOf(day));
            upsert.setArray(2, connection.createArrayOf("bigint", byKey.keySet().toArray()));
            upsert.setArray(3, connection.createArrayOf("bigint",
                    byKey.values().stream().map(each -> sign * Amount.sum(each).nanos()).toArray()));
            upsert.setArray(4,
                    connection.createArrayOf("integer", byKey.values().stream().map(each -> sign * each.size()).toArray()));
            upsert.executeUpdate();
        }
    }

    private static void keepReplays(Connection connection, List<Row> rows) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement("""
                update replay set receipt = ?, content_type = ?, answer = ? where claim = ?""")) {
            boolean any = false;
            for (Row row : rows) {
                Replay replay = row.pending.replay();
                if (replay != null) {
                    update.setObject(1, row.pending.reservation().receipt().value());
                    update.setString(2, replay.contentType());
                    update.setBytes(3, replay.encryptedAnswer());
                    update.setLong(4, replay.claim());
                    update.addBatch();
                    any = true;
                }
            }
            if (any) {
                update.executeBatch();
            }
        }
    }

    private static void lockLeases(Connection connection, List<Pending> batch) throws SQLException {
        Long[] ids = batch.stream().map(p -> p.reservation().lease().id().value()).distinct().sorted().toArray(Long[]::new);
        try (PreparedStatement lock = connection
                .prepareStatement("select id from lease where id = any (?) order by id for update")) {
            lock.setArray(1, connection.createArrayOf("bigint", ids));
            lock.executeQuery().close();
        }
    }

    /** The receipts of the commit that were due for a reversal and stand in a batch. */
    private Set<Object> settledOf(Connection connection, long commit, List<Pending> batch) throws SQLException {
        Set<Object> unanswered = batch.stream().filter(p -> p.replay() == null).map(p -> p.reservation().receipt().value())
                .collect(Collectors.toSet());
        Map<Long, Integer> upTo = settled.upTo(connection,
                batch.stream().map(p -> p.reservation().lease().id().value()).distinct().toList());
        try (PreparedStatement select = connection
                .prepareStatement("select receipt, lease, seq from standing_usage where commit_id = ?")) {
            select.setLong(1, commit);
            try (ResultSet rows = select.executeQuery()) {
                Set<Object> receipts = new HashSet<>();
                while (rows.next()) {
                    if (rows.getInt(3) < upTo.getOrDefault(rows.getLong(2), 0) && unanswered.contains(rows.getObject(1))) {
                        receipts.add(rows.getObject(1));
                    }
                }
                return receipts;
            }
        }
    }

    private static Set<Object> receiptsOf(Connection connection, long commit) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select receipt from usage where commit_id = ?")) {
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
