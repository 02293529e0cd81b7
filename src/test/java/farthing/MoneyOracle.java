package farthing;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

import javax.sql.DataSource;

import farthing.chain.Wallet;
import farthing.money.Amount;
import farthing.receipt.Receipt;
import farthing.receipt.ReceiptBody;
import farthing.receipt.ReceiptId;
import farthing.receipt.ReceiptSigner;
import farthing.receipt.ReceiptTree;
import farthing.receipt.Salts;

/**
 * Whether the money is right, whatever happened to it. Asked of the database and, where there is one, of the chain: it believes
 * no sum, no index and no foreign key, and recomputes everything. What must hold after any fault:
 * <ol>
 * <li>debits are credits: the postings of an entry add up to zero;
 * <li>one charge for each delivered call, and for each of them one row, one place in its lease and one under a signature;
 * <li>a balance is its history and never negative;
 * <li>shares, fee and dust are the charge;
 * <li>the credits on the chain are those of the final batches;
 * <li>no batch is on the chain twice;
 * <li>every hold ends.
 * </ol>
 */
public final class MoneyOracle {

    /** Of every chain in these tests. */
    private static final long CHAIN = 31337;

    /** Each query lists what breaks its rule. */
    private static final Map<String, String> CALLS = new LinkedHashMap<>();
    private static final Map<String, String> BATCHES = new LinkedHashMap<>();

    /** Batches that were not given up. */
    private static final String LIVE = "(select * from batch where state in ('BUILT', 'SENT', 'MINED', 'FINAL'))";

    /** The code of a line's account of leased money: a line's number is unsigned. */
    private static final String LEASED = "'leased:' || case when line < 0 then line::bigint + 4294967296 else line end";

    static {
        debitsAreCredits();
        oneChargeForEachCall();
        sumsAreOfCalls();
        balancesAreHistories();
        sharesAreTheCharge();
        batchesAreOfCalls();
        batchesFollowEachOther();
    }

    private static void debitsAreCredits() {
        CALLS.put("the postings of an entry add up to zero",
                "select entry_id, sum(nanos) from ledger_posting group by entry_id having sum(nanos) <> 0");
        // One of calls may move nothing, when all of them are free; that it moves what they cost is another rule.
        CALLS.put("an entry has postings", """
                select id, kind, fact from ledger_entry where kind not in ('calls', 'reversal')
                and id not in (select entry_id from ledger_posting)""");
        CALLS.put("a fact is booked once", "select fact from ledger_entry group by fact having count(*) > 1");
    }

    private static void oneChargeForEachCall() {
        CALLS.put("a receipt is charged once", "select receipt, count(*) from usage group by receipt having count(*) > 1");
        CALLS.put("a call is on a lease and in a commit that there are", """
                select receipt from usage where lease not in (select id from lease)
                or commit_id not in (select id from receipt_commit)""");
        CALLS.put("a lease has used what its calls cost, no more than was granted, and their numbers are dense",
                """
                        select l.id, l.granted, l.used, sum(u.charge), l.next_seq, count(u.*) from lease l left join usage u on u.lease = l.id
                        group by l.id, l.granted, l.used, l.next_seq
                        having l.used <> coalesce(sum(u.charge), 0) or l.used > l.granted or l.next_seq <> count(u.*)
                            or count(distinct u.seq) <> count(u.*) or coalesce(max(u.seq), -1) <> l.next_seq - 1
                            or coalesce(min(u.seq), 0) <> 0 or count(u.*) filter (where u.line <> l.line) > 0""");
        CALLS.put("the usages of a commit are its entry, and as many as it signs", """
                select c.id, c.size, count(u.*), sum(u.charge), e.booked from receipt_commit c
                left join usage u on u.commit_id = c.id
                left join (select e.fact, e.id, coalesce(sum(p.nanos) filter (where a.code = 'charges'), 0) as booked
                    from ledger_entry e left join ledger_posting p on p.entry_id = e.id
                    left join ledger_account a on a.id = p.account_id where e.kind = 'calls' group by e.id) e
                    on e.fact = 'commit:' || to_hex(c.id)
                group by c.id, c.size, e.booked, e.id
                having e.id is null or sum(u.charge) is distinct from e.booked or count(u.*) <> c.size
                    or count(distinct u.leaf_index) <> c.size or max(u.leaf_index) <> c.size - 1""");
        CALLS.put("an entry of calls has its commit", """
                select fact from ledger_entry where kind = 'calls'
                and fact not in (select 'commit:' || to_hex(id) from receipt_commit)""");
        CALLS.put("what is reversed was charged, in the commit that the reversal says, and only once", """
                select r.receipt, count(*) from usage_reversal r
                left join usage u on u.receipt = r.receipt and u.commit_id = r.commit_id
                group by r.receipt having count(*) > 1 or count(u.*) <> 1""");
        CALLS.put("the reversals of a commit are one entry", """
                select r.commit_id, sum(u.charge), e.booked from usage_reversal r join usage u on u.receipt = r.receipt
                left join (select e.fact, coalesce(-sum(p.nanos) filter (where a.code = 'charges'), 0) as booked
                    from ledger_entry e left join ledger_posting p on p.entry_id = e.id
                    left join ledger_account a on a.id = p.account_id where e.kind = 'reversal' group by e.id) e
                    on e.fact = 'reversal:' || to_hex(r.commit_id)
                group by r.commit_id, e.booked having sum(u.charge) is distinct from e.booked""");
        CALLS.put("a kept answer is of one charged call", """
                select r.receipt from replay r left join usage u on u.receipt = r.receipt and u.api_key = r.api_key
                    and u.charge = r.charge
                where r.receipt is not null group by r.receipt having count(u.*) <> 1 or count(*) <> 1""");
    }

    private static void sumsAreOfCalls() {
        CALLS.put("a key's spending by day is that of its calls", """
                select * from (select api_key, (charged_at at time zone 'UTC')::date as day, sum(charge) as nanos,
                    count(*) as calls from standing_usage group by 1, 2) u
                full join key_spending s using (api_key, day)
                where coalesce(u.nanos, 0) is distinct from s.nanos or coalesce(u.calls, 0) is distinct from s.calls""");
        CALLS.put("what a payer called on a day is the sum of its calls", """
                select * from (select u.account, (u.charged_at at time zone 'UTC')::date as day, u.version, u.api_key,
                        count(*) filter (where r.receipt is null) as calls,
                        coalesce(sum(charge) filter (where r.receipt is null), 0) as nanos,
                        coalesce(sum(input_tokens) filter (where r.receipt is null), 0) as input_tokens,
                        coalesce(sum(output_tokens) filter (where r.receipt is null), 0) as output_tokens,
                        coalesce(sum(items) filter (where r.receipt is null), 0) as items, count(r.receipt) as reversed,
                        count(*) filter (where u.finish = 'ABANDONED' and r.receipt is null) as abandoned
                    from usage u left join usage_reversal r on r.receipt = u.receipt group by 1, 2, 3, 4) u
                full join usage_day d using (account, day, version, api_key)
                where (u.calls, u.nanos, u.input_tokens, u.output_tokens, u.items, u.reversed, u.abandoned) is distinct from
                    (d.calls, d.nanos, d.input_tokens, d.output_tokens, d.items, d.reversed, d.abandoned)""");
        CALLS.put("what a version was charged on a day is the sum of its calls, and its parts are the whole", """
                select * from (select version, (charged_at at time zone 'UTC')::date as day, count(*) as calls,
                    sum(charge) as nanos from standing_usage group by 1, 2) u
                full join (select version, day, sum(calls) as calls, sum(nanos) as nanos,
                    sum(developer + base_model + data_pool + validators + platform) as parts from version_day group by 1, 2) d
                    using (version, day)
                where coalesce(u.calls, 0) is distinct from d.calls or coalesce(u.nanos, 0) is distinct from d.nanos
                    or d.parts is distinct from d.nanos""");
        CALLS.put("a version's total is the sum of its days", """
                select * from (select version, instance, sum(calls) as calls, sum(nanos) as nanos, sum(developer) as a,
                    sum(base_model) as b, sum(data_pool) as c, sum(validators) as d, sum(platform) as e
                    from version_day group by 1, 2) d full join version_total t using (version, instance)
                where (d.calls, d.nanos, d.a, d.b, d.c, d.d, d.e) is distinct from
                    (t.calls, t.nanos, t.developer, t.base_model, t.data_pool, t.validators, t.platform)""");
        CALLS.put("a day of all is the sum of its versions", """
                select * from (select day, instance, sum(calls) as calls, sum(nanos) as nanos, sum(developer) as a,
                    sum(base_model) as b, sum(data_pool) as c, sum(validators) as d, sum(platform) as e
                    from version_day group by 1, 2) d full join market_day t using (day, instance)
                where (d.calls, d.nanos, d.a, d.b, d.c, d.d, d.e) is distinct from
                    (t.calls, t.nanos, t.developer, t.base_model, t.data_pool, t.validators, t.platform)""");
    }

    private static void balancesAreHistories() {
        CALLS.put("a guarded balance is its history and never negative", """
                select a.code, a.balance, coalesce(sum(p.nanos), 0) from ledger_account a
                left join ledger_posting p on p.account_id = a.id where a.balance is not null
                group by a.id, a.code, a.balance having a.balance <> coalesce(sum(p.nanos), 0) or a.balance < 0""");
        CALLS.put("nobody is owed less than nothing", """
                select a.code, sum(p.nanos) from ledger_account a join ledger_posting p on p.account_id = a.id
                where a.code not in ('deposits', 'uncollected') group by a.code having sum(p.nanos) < 0""");
        CALLS.put("the leased account of a line is what its open leases have left", """
                select coalesce(l.code, b.code), l.nanos, b.nanos from
                    (select %s as code, sum(granted - used) as nanos from lease where state = 'OPEN' group by line) l
                full join (select a.code, sum(p.nanos) as nanos from ledger_account a
                    join ledger_posting p on p.account_id = a.id where a.code like 'leased:%%' group by a.code) b using (code)
                where coalesce(l.nanos, 0) <> coalesce(b.nanos, 0)""".formatted(LEASED));
    }

    private static void sharesAreTheCharge() {
        // Largest remainder, the earlier part first where remainders are equal. Versions without a listing are of tests.
        CALLS.put("the parts of a version's calls are those of its split",
                """
                        with charged as (
                            select version, (charged_at at time zone 'UTC')::date as day, charge, count(*) as calls
                            from standing_usage group by 1, 2, 3
                        ), part as (
                            select c.*, p.part, div(c.charge::numeric * p.weight, 10000) as whole,
                                row_number() over (partition by c.version, c.day, c.charge
                                    order by mod(c.charge::numeric * p.weight, 10000) desc, p.part) as place
                            from charged c join version v on v.id = c.version
                            cross join lateral (values (1, v.split_developer), (2, v.split_base_model), (3, v.split_data_pool),
                                (4, v.split_validators), (5, v.split_platform)) p (part, weight)
                        ), divided as (
                            select version, day, calls, part,
                                whole + case when place <= charge - sum(whole) over (partition by version, day, charge) then 1 else 0 end
                                    as nanos
                            from part
                        ), expected as (
                            select version, day, sum(calls * nanos) filter (where part = 1) as a,
                                sum(calls * nanos) filter (where part = 2) as b, sum(calls * nanos) filter (where part = 3) as c,
                                sum(calls * nanos) filter (where part = 4) as d, sum(calls * nanos) filter (where part = 5) as e
                            from divided group by version, day
                        )
                        select * from expected x left join (select version, day, sum(developer) as developer,
                            sum(base_model) as base_model, sum(data_pool) as data_pool, sum(validators) as validators,
                            sum(platform) as platform from version_day group by version, day) t using (version, day)
                        where (x.a, x.b, x.c, x.d, x.e) is distinct from
                            (t.developer, t.base_model, t.data_pool, t.validators, t.platform)""");
    }

    private static void batchesAreOfCalls() {
        BATCHES.put("all charges that stand wait for a batch or are in one", """
                select standing.nanos as standing, waiting.nanos as waiting, settled.nanos as settled from
                    (select coalesce(sum(charge), 0) as nanos from standing_usage) standing,
                    (select coalesce(sum(p.nanos), 0) as nanos from ledger_posting p
                        join ledger_account a on a.id = p.account_id where a.code = 'charges') waiting,
                    (select coalesce(sum(charges), 0) as nanos from %s b) settled
                where standing.nanos <> waiting.nanos + settled.nanos""".formatted(LIVE));
        BATCHES.put("what a payee is owed is what the newest batch leaves", """
                select coalesce(a.code, 'owed:' || o.payee), a.nanos, o.nanos from
                    (select a.code, sum(p.nanos) as nanos from ledger_account a join ledger_posting p on p.account_id = a.id
                        where a.code like 'owed:%%' group by a.code) a
                full join (select payee, owed_before + earned - credited as nanos from batch_payee
                        where batch = (select id from %s b order by seq desc limit 1)) o on a.code = 'owed:' || o.payee
                where coalesce(a.nanos, 0) <> coalesce(o.nanos, 0)""".formatted(LIVE));
        BATCHES.put("what is held back is what the newest batch leaves", """
                select coalesce(a.code, 'held:' || h.account), a.nanos, h.nanos from
                    (select a.code, sum(p.nanos) as nanos from ledger_account a join ledger_posting p on p.account_id = a.id
                        where a.code like 'held:%%' group by a.code) a
                full join (select account, held_before + earned as nanos from batch_held
                        where batch = (select id from %s b order by seq desc limit 1)) h on a.code = 'held:' || h.account
                where coalesce(a.nanos, 0) <> coalesce(h.nanos, 0)""".formatted(LIVE));
        BATCHES.put("what a payee was credited is there until it is withdrawn", """
                select coalesce(a.code, 'credited:' || c.payee), a.nanos, c.nanos, w.nanos from
                    (select a.code, sum(p.nanos) as nanos from ledger_account a join ledger_posting p on p.account_id = a.id
                        where a.code like 'credited:%%' group by a.code) a
                full join (select p.payee, sum(p.credited) as nanos from batch_payee p join %s b on b.id = p.batch
                        group by p.payee) c on a.code = 'credited:' || c.payee
                left join payee_withdrawn w on a.code = 'credited:' || w.payee
                where coalesce(a.nanos, 0) <> coalesce(c.nanos, 0) - coalesce(w.nanos, 0)""".formatted(LIVE));
        BATCHES.put("what a batch holds was charged once, and all of it is somebody's", """
                select b.seq, b.charges, b.receipts, s.charge, s.calls, p.earned, h.earned from %s b
                left join (select s.batch, sum(u.charge) as charge, count(u.*) as calls, count(r.*) as reversed
                    from batch_section s
                    left join usage u on u.lease = s.lease and u.seq >= s.first_seq and u.seq < s.first_seq + s.count
                    left join usage_reversal r on r.receipt = u.receipt group by s.batch) s on s.batch = b.id
                left join (select batch, sum(earned) as earned from batch_payee group by batch) p on p.batch = b.id
                left join (select batch, sum(earned) as earned from batch_held group by batch) h on h.batch = b.id
                where b.charges is distinct from s.charge or b.receipts is distinct from s.calls or s.reversed <> 0
                    or b.charges <> coalesce(p.earned, 0) + coalesce(h.earned, 0)""".formatted(LIVE));
        BATCHES.put("a batch debits its lines by the whole micro-units of their charges, and what is below one is carried", """
                select b.seq, b.charges, b.debits, l.charges, l.debits from %s b
                left join (select batch, sum(cumulative_after - cumulative_before) as charges,
                    sum(cumulative_after / 1000 - cumulative_before / 1000) * 1000 as debits from batch_line group by batch) l
                    on l.batch = b.id
                where b.charges is distinct from l.charges or b.debits is distinct from l.debits""".formatted(LIVE));
    }

    private static void batchesFollowEachOther() {
        BATCHES.put("no receipt is in two batches", """
                select a.lease, a.batch, b.batch from batch_section a
                join batch_section b on b.lease = a.lease and (a.batch, a.first_seq) < (b.batch, b.first_seq)
                    and a.first_seq < b.first_seq + b.count and b.first_seq < a.first_seq + a.count
                join %1$s x on x.id = a.batch join %1$s y on y.id = b.batch""".formatted(LIVE));
        BATCHES.put("what a lease has settled is in batches or was reversed", """
                select s.lease, s.next_seq, l.next_seq, c.calls, r.calls from settled_lease s
                left join lease l on l.id = s.lease
                left join (select t.lease, sum(t.count) as calls from batch_section t join %s b on b.id = t.batch
                    group by t.lease) c on c.lease = s.lease
                left join (select u.lease, count(*) as calls from usage_reversal r join usage u on u.receipt = r.receipt
                    join settled_lease s on s.lease = u.lease and u.seq < s.next_seq group by u.lease) r on r.lease = s.lease
                where l.next_seq is null or s.next_seq > l.next_seq
                    or coalesce(c.calls, 0) + coalesce(r.calls, 0) <> s.next_seq""".formatted(LIVE));
        BATCHES.put("each batch goes on where the one before it ended", """
                select * from (select b.seq, b.parent, b.available_after, lag(b.seq, 1, 0) over newest as before,
                    sum(b.debits - b.credits) over newest as available from %s b window newest as (order by b.seq)) b
                where b.parent <> b.before or b.available_after <> b.available""".formatted(LIVE));
        BATCHES.put("what a line was charged goes on from batch to batch", """
                select * from (select l.line, b.seq, l.cumulative_before,
                    lag(l.cumulative_after, 1, 0::bigint) over (partition by l.line order by b.seq) as before
                    from batch_line l join %s b on b.id = l.batch) l
                where cumulative_before <> before""".formatted(LIVE));
        BATCHES.put("a batch's credits are those of its payees", """
                select b.seq, b.credits, p.credited from %s b
                left join (select batch, sum(credited) as credited from batch_payee group by batch) p on p.batch = b.id
                where b.credits <> coalesce(p.credited, 0)""".formatted(LIVE));
    }

    /** Who signed what, since recovering a signer is slow and its answer never changes. */
    private static final Map<String, byte[]> SIGNERS = new ConcurrentHashMap<>();

    private final Connection connection;

    public MoneyOracle(Connection connection) {
        this.connection = connection;
    }

    /** The books, the signatures included. */
    public static void check(DataSource source) throws SQLException {
        try (Connection connection = source.getConnection()) {
            new MoneyOracle(connection).assertBooksBalance();
        }
    }

    /** All but the signatures and what batches made of the calls. */
    public static void checkCalls(DataSource source) throws SQLException {
        try (Connection connection = source.getConnection()) {
            new MoneyOracle(connection).check(statement -> List.of());
        }
    }

    /** Everything that the database alone can say, at one moment of it: others may go on writing. */
    public void assertBooksBalance() throws SQLException {
        check(statement -> {
            List<String> faults = broken(statement, BATCHES);
            faults.addAll(wrongSignatures(statement));
            return faults;
        });
    }

    private static List<String> broken(Statement statement, Map<String, String> rules) throws SQLException {
        List<String> broken = new ArrayList<>();
        for (Map.Entry<String, String> rule : rules.entrySet()) {
            try (ResultSet rows = statement.executeQuery(rule.getValue())) {
                while (rows.next()) {
                    broken.add("not so: " + rule.getKey() + ": " + row(rows));
                }
            }
        }
        return broken;
    }

    private interface More {
        List<String> faults(Statement statement) throws SQLException;
    }

    private void check(More more) throws SQLException {
        boolean autoCommit = connection.getAutoCommit();
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("set transaction isolation level repeatable read read only");
            List<String> faults = new ArrayList<>();
            faults.addAll(broken(statement, CALLS));
            faults.addAll(more.faults(statement));
            assertThat(faults).isEmpty();
        } finally {
            connection.rollback();
            connection.setAutoCommit(autoCommit);
        }
    }

    /** From the stored fields of each call to its body's hash, its leaf, the root of its commit and the signature. */
    private static List<String> wrongSignatures(Statement statement) throws SQLException {
        List<String> faults = new ArrayList<>();
        Map<Long, List<byte[]>> leaves = new HashMap<>();
        try (ResultSet row = statement.executeQuery("select * from usage order by commit_id, leaf_index")) {
            while (row.next()) {
                Receipt receipt = new Receipt(row.getInt("line"), row.getLong("lease"), row.getInt("seq"),
                        row.getInt("version"), Amount.ofNanos(row.getLong("charge")),
                        body(row).hash(new Salts(row.getBytes("salt")).body()), row.getBytes("shares_hash"));
                leaves.computeIfAbsent(row.getLong("commit_id"), c -> new ArrayList<>()).add(receipt.leaf());
            }
        }
        try (ResultSet row = statement.executeQuery("select id, root, size, signer, signature from receipt_commit")) {
            while (row.next()) {
                byte[] root = new ReceiptTree(leaves.getOrDefault(row.getLong(1), List.of())).root();
                if (!Arrays.equals(root, row.getBytes(2))
                        || !Arrays.equals(row.getBytes(4), signerOf(root, row.getInt(3), row.getBytes(5)))) {
                    faults.add("not signed as stored: commit " + Long.toHexString(row.getLong(1)));
                }
            }
        }
        return faults;
    }

    private static byte[] signerOf(byte[] root, int size, byte[] signature) {
        String signed = HexFormat.of().formatHex(root) + " " + size + " " + HexFormat.of().formatHex(signature);
        return SIGNERS.computeIfAbsent(signed, s -> ReceiptSigner.recover(CHAIN, root, size, signature));
    }

    private static ReceiptBody body(ResultSet row) throws SQLException {
        return new ReceiptBody(new ReceiptId(row.getObject("receipt", UUID.class)), row.getTimestamp("charged_at").toInstant(),
                row.getLong("offer"), row.getInt("input_tokens"), row.getInt("output_tokens"), row.getInt("items"),
                row.getBytes("request_hash"), row.getBytes("response_hash"));
    }

    /** @param journal charges by receipt, as a client was told */
    public void assertChargedOnce(Map<UUID, Long> journal) throws SQLException {
        Map<UUID, Long> charged = new HashMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select receipt, charge from standing_usage")) {
            while (rows.next()) {
                assertThat(charged.put(rows.getObject(1, UUID.class), rows.getLong(2))).as("a receipt twice").isNull();
            }
        }
        assertThat(charged).as("acknowledged calls").containsAllEntriesOf(journal);
    }

    /** @param living how many servers run; every lease and every claim is theirs */
    public void assertNothingLeftByTheDead(int living) throws SQLException {
        String theirs = "(select id from instance order by seen_at desc limit " + living + ")";
        assertNone("open leases of dead instances",
                "select id from lease where state = 'OPEN' and instance not in " + theirs);
        assertNone("parts of keys' limits of dead instances", "select id from key_lease where instance not in " + theirs);
        assertNone("claims of dead instances",
                "select encode(key_hash, 'hex') from replay where receipt is null and instance not in " + theirs);
    }

    /** True once nothing is held any more, by the living neither: an idle server gives back what no call holds on to. */
    public boolean everyHoldEnded() throws SQLException {
        return number("select (select count(*) from lease where state = 'OPEN') + (select count(*) from key_lease)"
                + " + (select count(*) from replay where receipt is null)") == 0;
    }

    /**
     * What the chain has is what the batches say: each on it once, with their credits, and lines debited for what calls were
     * charged.
     */
    public void assertOnChain(Wallet anyone) throws Exception {
        Map<Long, String> expected = new HashMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select seq, encode(history_hash, 'hex'), encode(receipts_root, 'hex'),"
                        + " debits / 1000, credits / 1000 from batch where state in ('MINED', 'FINAL')")) {
            while (rows.next()) {
                expected.put(rows.getLong(1),
                        rows.getString(2) + " " + rows.getString(3) + " " + rows.getLong(4) + " " + rows.getLong(5));
            }
        }
        Map<Long, String> posted = new HashMap<>();
        Set<String> roots = new HashSet<>();
        for (Wallet.Posted batch : anyone.posted()) {
            posted.put(batch.seq(),
                    batch.historyHash() + " " + batch.receiptsRoot() + " " + batch.debited() + " " + batch.credited());
            assertThat(roots.add(batch.receiptsRoot())).as("batch " + batch.seq() + " is on the chain once").isTrue();
        }
        assertThat(posted).as("batches on the chain").isEqualTo(expected);
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("""
                        select line, max(cumulative_after) from batch_line l join batch b on b.id = l.batch
                        where state in ('MINED', 'FINAL') group by line""")) {
            while (rows.next()) {
                assertThat(anyone.used(rows.getInt(1))).as("used of line " + rows.getInt(1)).isEqualTo(rows.getLong(2) / 1000);
            }
        }
        assertThat(anyone.owed()).as("what the vault owes").isLessThanOrEqualTo(anyone.held());
    }

    /** All of it settled for good: nothing waits, every receipt is in a final batch, and the chain has them. */
    public void assertAllSettled(Wallet anyone) throws Exception {
        assertBooksBalance();
        assertThat(unsettled()).as("charges that wait").isZero();
        assertThat(number("select coalesce(sum(receipts), 0) from batch where state = 'FINAL'")).as("receipts in final batches")
                .isEqualTo(number("select count(*) from standing_usage"));
        assertOnChain(anyone);
    }

    /** All that was ever charged: what waits for a batch and what batches took. */
    public long charges() throws SQLException {
        // One statement: a batch between two would be counted twice or not at all.
        return number("""
                select (select coalesce(sum(nanos), 0) from ledger_posting p join ledger_account a on a.id = p.account_id
                        where a.code = 'charges')
                    + (select coalesce(sum(charges), 0) from batch where state in ('BUILT', 'SENT', 'MINED', 'FINAL'))""");
    }

    /** What calls were charged and no batch has taken yet. */
    public long unsettled() throws SQLException {
        return balance("charges");
    }

    public long balance(String account) throws SQLException {
        return number("select coalesce(sum(nanos), 0) from ledger_posting p join ledger_account a on a.id = p.account_id"
                + " where a.code = '" + account + "'");
    }

    public long number(String query) throws SQLException {
        try (Statement statement = connection.createStatement(); ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getLong(1);
        }
    }

    private void assertNone(String what, String query) throws SQLException {
        try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(query)) {
            assertThat(rows.next() ? row(rows) : "none").as(what).isEqualTo("none");
        }
    }

    private static String row(ResultSet rows) throws SQLException {
        StringBuilder text = new StringBuilder();
        for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
            text.append(rows.getMetaData().getColumnLabel(i)).append('=').append(rows.getString(i)).append(' ');
        }
        return text.toString();
    }
}
