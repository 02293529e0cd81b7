package farthing.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/** What must hold of the money at any moment, asked of the database alone. */
final class MoneyOracle {

    private final Connection connection;

    MoneyOracle(Connection connection) {
        this.connection = connection;
    }

    void assertBooksBalance() throws SQLException {
        assertNone("entries that do not add up to zero",
                "select entry_id from ledger_posting group by entry_id having sum(nanos) <> 0");
        assertNone("entries without postings",
                "select id from ledger_entry where id not in (select entry_id from ledger_posting)");
        assertNone("guarded balances that are not the sum of their postings", """
                select code from ledger_account a
                where balance is not null
                and balance <> (select coalesce(sum(nanos), 0) from ledger_posting where account_id = a.id)""");
        assertThat(number("select coalesce(sum(nanos), 0) from ledger_posting")).as("all accounts together").isZero();
        assertThat(charges()).as("the account of charges")
                .isEqualTo(number("select coalesce(sum(charge), 0) from standing_usage"));
        assertNone("commits whose entry is not the sum of their usages", """
                select c.id from receipt_commit c
                left join ledger_entry e on e.fact = 'commit:' || to_hex(c.id)
                left join ledger_account a on a.code = 'charges'
                left join ledger_posting p on p.entry_id = e.id and p.account_id = a.id
                where coalesce(p.nanos, 0) <> (select sum(charge) from usage where commit_id = c.id)
                or c.size <> (select count(*) from usage where commit_id = c.id)""");
        assertNone("leases that are not the sum of their usages, or whose sequence has holes", """
                select l.id from lease l left join usage u on u.lease = l.id group by l.id
                having l.used <> coalesce(sum(u.charge), 0) or l.next_seq <> count(u.receipt)
                or coalesce(max(u.seq), -1) <> count(u.receipt) - 1""");
        assertNone("lines whose account of leased money is not what their open leases hold", """
                select a.code from ledger_account a where a.code like 'leased:%' and
                    (select coalesce(sum(nanos), 0) from ledger_posting where account_id = a.id) <>
                    (select coalesce(sum(granted - used), 0) from lease
                        where state = 'OPEN' and 'leased:' || line = a.code)""");
        assertNone("keys whose spending is not the sum of their usages",
                """
                        select k.api_key from key_spending k group by k.api_key
                        having (sum(k.nanos), sum(k.calls)) <> (select sum(charge), count(*) from standing_usage where api_key = k.api_key)""");
    }

    /** @param journal charges by receipt, as a client was told */
    void assertChargedOnce(Map<UUID, Long> journal) throws SQLException {
        Map<UUID, Long> charged = new HashMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select receipt, charge from usage")) {
            while (rows.next()) {
                assertThat(charged.put(rows.getObject(1, UUID.class), rows.getLong(2))).as("a receipt twice").isNull();
            }
        }
        assertThat(charged).as("acknowledged calls").containsAllEntriesOf(journal);
    }

    /** Every lease and every claim belongs to the one living instance. */
    void assertNothingLeftByTheDead() throws SQLException {
        String living = "(select id from instance order by started_at desc limit 1)";
        assertNone("open leases of dead instances", "select id from lease where state = 'OPEN' and instance <> " + living);
        assertNone("claims of dead instances",
                "select encode(key_hash, 'hex') from replay where receipt is null and instance <> " + living);
    }

    /** All that was ever charged: what waits for a batch and what batches took. */
    long charges() throws SQLException {
        // One statement: a batch between two would be counted twice or not at all.
        return number("""
                select (select coalesce(sum(nanos), 0) from ledger_posting p join ledger_account a on a.id = p.account_id
                        where a.code = 'charges')
                    + (select coalesce(sum(charges), 0) from batch where state in ('BUILT', 'SENT', 'MINED', 'FINAL'))""");
    }

    /** What calls were charged and no batch has taken yet. */
    long unsettled() throws SQLException {
        return balance("charges");
    }

    long balance(String account) throws SQLException {
        return number("select coalesce(sum(nanos), 0) from ledger_posting p join ledger_account a on a.id = p.account_id"
                + " where a.code = '" + account + "'");
    }

    Map<Integer, Long> chargesByLine() throws SQLException {
        Map<Integer, Long> charges = new HashMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select line, sum(charge) from standing_usage group by line")) {
            while (rows.next()) {
                charges.put(rows.getInt(1), rows.getLong(2));
            }
        }
        return charges;
    }

    long number(String query) throws SQLException {
        try (Statement statement = connection.createStatement(); ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getLong(1);
        }
    }

    private void assertNone(String what, String query) throws SQLException {
        try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(query)) {
            assertThat(rows.next()).as(what).isFalse();
        }
    }
}
