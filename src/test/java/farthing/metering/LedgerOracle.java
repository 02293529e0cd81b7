package farthing.metering;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

import javax.sql.DataSource;

import farthing.money.Amount;
import farthing.receipt.Receipt;
import farthing.receipt.ReceiptBody;
import farthing.receipt.ReceiptId;
import farthing.receipt.ReceiptSigner;
import farthing.receipt.ReceiptTree;
import farthing.receipt.Salts;

/** Whether the books of a database are right, whatever happened to it: it believes nothing and recomputes everything. */
final class LedgerOracle {

    /** Each query lists what breaks its rule. */
    private static final Map<String, String> RULES = new LinkedHashMap<>();
    static {
        RULES.put("the postings of an entry add up to zero",
                "select entry_id, sum(nanos) from ledger_posting group by entry_id having sum(nanos) <> 0");
        RULES.put("a guarded balance is its history and never negative", """
                select a.code, a.balance, coalesce(sum(p.nanos), 0) from ledger_account a
                left join ledger_posting p on p.account_id = a.id where a.balance is not null
                group by a.id having a.balance <> coalesce(sum(p.nanos), 0) or a.balance < 0""");
        RULES.put("the usages of a commit are its entry, and as many as it signs", """
                select c.id, c.size, count(u.*), sum(u.charge), e.booked from receipt_commit c
                left join usage u on u.commit_id = c.id
                left join (select e.fact, e.id, coalesce(sum(p.nanos) filter (where a.code = 'charges'), 0) as booked
                    from ledger_entry e left join ledger_posting p on p.entry_id = e.id
                    left join ledger_account a on a.id = p.account_id where e.kind = 'calls' group by e.id) e
                    on e.fact = 'commit:' || to_hex(c.id)
                group by c.id, e.booked, e.id
                having e.id is null or sum(u.charge) is distinct from e.booked or count(u.*) <> c.size
                    or max(u.leaf_index) <> c.size - 1""");
        RULES.put("an entry of calls has its commit", """
                select fact from ledger_entry where kind = 'calls'
                and fact not in (select 'commit:' || to_hex(id) from receipt_commit)""");
        RULES.put("the reversals of a commit are one entry", """
                select r.commit_id, sum(u.charge), e.booked from usage_reversal r join usage u on u.receipt = r.receipt
                left join (select e.fact, coalesce(-sum(p.nanos) filter (where a.code = 'charges'), 0) as booked
                    from ledger_entry e left join ledger_posting p on p.entry_id = e.id
                    left join ledger_account a on a.id = p.account_id where e.kind = 'reversal' group by e.id) e
                    on e.fact = 'reversal:' || to_hex(r.commit_id)
                where u.commit_id = r.commit_id
                group by r.commit_id, e.booked having sum(u.charge) is distinct from e.booked""");
        RULES.put("all charges that stand are what the account of charges has", """
                select standing.nanos, booked.nanos from
                    (select coalesce(sum(charge), 0) as nanos from standing_usage) standing,
                    (select coalesce(sum(p.nanos), 0) as nanos from ledger_posting p
                        join ledger_account a on a.id = p.account_id where a.code = 'charges') booked
                where standing.nanos <> booked.nanos""");
        RULES.put("a key's spending by day is that of its calls", """
                select * from (select api_key, (charged_at at time zone 'UTC')::date as day, sum(charge) as nanos,
                    count(*) as calls from standing_usage group by 1, 2) u
                full join key_spending s using (api_key, day)
                where coalesce(u.nanos, 0) is distinct from s.nanos or coalesce(u.calls, 0) is distinct from s.calls""");
        RULES.put("what a payer called on a day is the sum of its calls", """
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
        RULES.put("what a version was charged on a day is the sum of its calls, and its parts are the whole", """
                select * from (select version, (charged_at at time zone 'UTC')::date as day, count(*) as calls,
                    sum(charge) as nanos from standing_usage group by 1, 2) u
                full join (select version, day, sum(calls) as calls, sum(nanos) as nanos,
                    sum(developer + base_model + data_pool + validators + platform) as parts from version_day group by 1, 2) d
                    using (version, day)
                where coalesce(u.calls, 0) is distinct from d.calls or coalesce(u.nanos, 0) is distinct from d.nanos
                    or d.parts is distinct from d.nanos""");
        RULES.put("a version's total is the sum of its days", """
                select * from (select version, instance, sum(calls) as calls, sum(nanos) as nanos, sum(developer) as a,
                    sum(base_model) as b, sum(data_pool) as c, sum(validators) as d, sum(platform) as e
                    from version_day group by 1, 2) d full join version_total t using (version, instance)
                where (d.calls, d.nanos, d.a, d.b, d.c, d.d, d.e) is distinct from
                    (t.calls, t.nanos, t.developer, t.base_model, t.data_pool, t.validators, t.platform)""");
        RULES.put("a day of all is the sum of its versions", """
                select * from (select day, instance, sum(calls) as calls, sum(nanos) as nanos, sum(developer) as a,
                    sum(base_model) as b, sum(data_pool) as c, sum(validators) as d, sum(platform) as e
                    from version_day group by 1, 2) d full join market_day t using (day, instance)
                where (d.calls, d.nanos, d.a, d.b, d.c, d.d, d.e) is distinct from
                    (t.calls, t.nanos, t.developer, t.base_model, t.data_pool, t.validators, t.platform)""");
        RULES.put("a lease has used what its calls cost, and their numbers are dense", """
                select l.id, l.used, sum(u.charge), l.next_seq, count(u.*) from lease l left join usage u on u.lease = l.id
                group by l.id having l.used <> coalesce(sum(u.charge), 0) or l.next_seq <> count(u.*)
                    or coalesce(max(u.seq), -1) <> l.next_seq - 1 or coalesce(min(u.seq), 0) <> 0
                    or l.used > l.granted or count(u.*) filter (where u.line <> l.line) > 0""");
        RULES.put("the leased account of a line is what its open leases have left", """
                select coalesce(l.code, b.code), l.nanos, b.nanos from
                    (select 'leased:' || case when line < 0 then line::bigint + 4294967296 else line end as code,
                        sum(granted - used) as nanos from lease where state = 'OPEN' group by line) l
                full join (select a.code, sum(p.nanos) as nanos from ledger_account a
                    join ledger_posting p on p.account_id = a.id where a.code like 'leased:%' group by a.code) b using (code)
                where coalesce(l.nanos, 0) <> coalesce(b.nanos, 0)""");
        RULES.put("a kept answer is of one charged call", """
                select r.receipt from replay r left join usage u on u.receipt = r.receipt and u.api_key = r.api_key
                where r.receipt is not null group by r.receipt having count(u.*) <> 1 or count(*) <> 1""");
    }

    /** Who signed what, since recovering a signer is slow and its answer never changes. */
    private static final Map<String, byte[]> SIGNERS = new ConcurrentHashMap<>();

    private LedgerOracle() {
    }

    /** @param signer any of the same chain: whose signature it is stands in the commit */
    static void check(DataSource source, ReceiptSigner signer) throws SQLException {
        check(source, (statement, faults) -> checkSignatures(statement, signer, faults));
    }

    /** All but the signatures. */
    static void checkSums(DataSource source) throws SQLException {
        check(source, (statement, faults) -> {
        });
    }

    private interface More {
        void check(Statement statement, List<String> faults) throws SQLException;
    }

    private static void check(DataSource source, More more) throws SQLException {
        try (Connection connection = source.getConnection(); Statement statement = connection.createStatement()) {
            // One moment for all rules, since others may write meanwhile.
            connection.setAutoCommit(false);
            statement.execute("set transaction isolation level repeatable read read only");
            List<String> faults = new ArrayList<>();
            for (Map.Entry<String, String> rule : RULES.entrySet()) {
                try (ResultSet rows = statement.executeQuery(rule.getValue())) {
                    while (rows.next()) {
                        faults.add("not so: " + rule.getKey() + ": " + row(rows));
                    }
                }
            }
            more.check(statement, faults);
            connection.rollback();
            assertThat(faults).isEmpty();
        }
    }

    /** From the stored fields of each call to its body's hash, its leaf, the root of its commit and the signature. */
    private static void checkSignatures(Statement statement, ReceiptSigner signer, List<String> faults) throws SQLException {
        Map<Long, List<byte[]>> leaves = new HashMap<>();
        try (ResultSet row = statement.executeQuery("select * from usage order by commit_id, leaf_index")) {
            while (row.next()) {
                Receipt receipt = new Receipt(row.getInt("line"), row.getLong("lease"), row.getInt("seq"),
                        row.getInt("version"),
                        Amount.ofNanos(row.getLong("charge")), body(row).hash(new Salts(row.getBytes("salt")).body()),
                        row.getBytes("shares_hash"));
                leaves.computeIfAbsent(row.getLong("commit_id"), c -> new ArrayList<>()).add(receipt.leaf());
            }
        }
        try (ResultSet row = statement.executeQuery("select id, root, size, signer, signature from receipt_commit")) {
            while (row.next()) {
                byte[] root = new ReceiptTree(leaves.getOrDefault(row.getLong(1), List.of())).root();
                if (!Arrays.equals(root, row.getBytes(2))
                        || !Arrays.equals(row.getBytes(4), signerOf(signer.chainId(), root, row.getInt(3), row.getBytes(5)))) {
                    faults.add("not signed as stored: commit " + Long.toHexString(row.getLong(1)));
                }
            }
        }
    }

    private static byte[] signerOf(long chainId, byte[] root, int size, byte[] signature) {
        String signed = chainId + " " + HexFormat.of().formatHex(root) + " " + size + " " + HexFormat.of().formatHex(signature);
        return SIGNERS.computeIfAbsent(signed, s -> ReceiptSigner.recover(chainId, root, size, signature));
    }

    private static ReceiptBody body(ResultSet row) throws SQLException {
        return new ReceiptBody(new ReceiptId(row.getObject("receipt", UUID.class)), row.getTimestamp("charged_at").toInstant(),
                row.getLong("offer"), row.getInt("input_tokens"), row.getInt("output_tokens"), row.getInt("items"),
                row.getBytes("request_hash"), row.getBytes("response_hash"));
    }

    private static String row(ResultSet rows) throws SQLException {
        StringBuilder text = new StringBuilder();
        for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
            text.append(rows.getMetaData().getColumnLabel(i)).append('=').append(rows.getString(i)).append(' ');
        }
        return text.toString();
    }
}
