package farthing.ledger;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.util.Comparator;
import java.util.List;

import jakarta.inject.Singleton;

import farthing.money.Amount;

/**
 * Posts journal entries inside the caller's transaction. Plain JDBC: a posting must be in the same transaction as the fact that
 * it books.
 */
@Singleton
public class Ledger {

    /** Makes the account if it does not exist yet. */
    public void open(Connection connection, Account account) throws SQLException {
        try (PreparedStatement insert = connection
                .prepareStatement("insert into ledger_account (code, balance) values (?, ?) on conflict (code) do nothing")) {
            insert.setString(1, account.code());
            insert.setObject(2, account.guarded() ? 0L : null);
            insert.executeUpdate();
        }
    }

    /**
     * Appends the entry and moves the guarded balances.
     *
     * @throws InsufficientFunds when a guarded account would fall below zero; the caller rolls back
     * @throws IllegalStateException when an account was never opened
     * @throws SQLException also for a second entry of the same fact (unique violation)
     */
    public void post(Connection connection, Entry entry) throws SQLException {
        // One order for everybody, or two transactions that move the same balances wait for each other for ever.
        List<Posting> ordered = entry.postings().stream().filter(p -> !p.amount().isZero())
                .sorted(Comparator.comparing(p -> p.account().code())).toList();
        for (Posting posting : ordered) {
            if (posting.account().guarded()) {
                move(connection, posting);
            }
        }
        insert(connection, entry, ordered);
    }

    /** The balance: of a guarded account from its row, else the sum of its postings; zero for an account never opened. */
    public Amount balance(Connection connection, Account account) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("""
                select coalesce(a.balance, (select sum(p.nanos) from ledger_posting p where p.account_id = a.id), 0)
                from ledger_account a where a.code = ?""")) {
            select.setString(1, account.code());
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? Amount.ofNanos(row.getLong(1)) : Amount.ZERO;
            }
        }
    }

    private static void move(Connection connection, Posting posting) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement(
                "update ledger_account set balance = balance + ? where code = ? and balance + ? >= 0")) {
            update.setLong(1, posting.amount().nanos());
            update.setString(2, posting.account().code());
            update.setLong(3, posting.amount().nanos());
            if (update.executeUpdate() == 0) {
                throw new InsufficientFunds(posting.account(), posting.amount().negated());
            }
        }
    }

    /** In one round trip: the metering writer posts some hundred entries a second. */
    private static void insert(Connection connection, Entry entry, List<Posting> postings) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                with entry as (insert into ledger_entry (kind, fact, created_at) values (?, ?, ?) returning id)
                insert into ledger_posting (entry_id, account_id, nanos) select entry.id, a.id, p.nanos
                from entry, unnest(?::text[], ?::bigint[]) p (code, nanos) join ledger_account a on a.code = p.code""")) {
            insert.setString(1, entry.kind());
            insert.setString(2, entry.fact());
            insert.setTimestamp(3, Timestamp.from(entry.at()));
            insert.setArray(4, connection.createArrayOf("text", postings.stream().map(p -> p.account().code()).toArray()));
            insert.setObject(5, postings.stream().mapToLong(p -> p.amount().nanos()).toArray());
            if (insert.executeUpdate() != postings.size()) {
                throw new IllegalStateException("account " + neverOpened(connection, postings) + " was never opened");
            }
        }
    }

    private static String neverOpened(Connection connection, List<Posting> postings) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("""
                select string_agg(c, ', ') from unnest(?::text[]) c
                where not exists (select 1 from ledger_account a where a.code = c)""")) {
            select.setArray(1, connection.createArrayOf("text", postings.stream().map(p -> p.account().code()).toArray()));
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getString(1);
            }
        }
    }
}
