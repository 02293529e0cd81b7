package farthing.settlement;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

import farthing.ledger.Account;
import farthing.ledger.Entry;
import farthing.ledger.Ledger;
import farthing.ledger.Posting;
import farthing.money.Amount;

/** The journal entries of batches. Inside the caller's transaction. */
final class Books {

    private final Ledger ledger;

    Books(Ledger ledger) {
        this.ledger = ledger;
    }

    /** Charges become shares, and of these what is credited. */
    void book(Connection connection, Batch batch, Instant now) throws SQLException {
        post(connection, new Entry("batch", batch.purpose() + ":" + batch.bookings(), now, postings(connection, batch)));
    }

    /** The exact opposite of {@link #book}. */
    void reverse(Connection connection, Batch batch, Instant now) throws SQLException {
        post(connection, new Entry("batch given up", batch.purpose() + ":" + batch.bookings() + ":given-up", now,
                postings(connection, batch).stream().map(p -> new Posting(p.account(), p.amount().negated())).toList()));
    }

    private void post(Connection connection, Entry entry) throws SQLException {
        for (Posting posting : entry.postings()) {
            ledger.open(connection, posting.account());
        }
        ledger.post(connection, entry);
    }

    private static List<Posting> postings(Connection connection, Batch batch) throws SQLException {
        List<Posting> postings = new ArrayList<>();
        postings.add(new Posting(Account.charges(), batch.charges().negated()));
        Database.list(connection, row -> {
            Amount credited = BatchRows.amount(row, "credited");
            String payee = row.getString("payee");
            return List.of(new Posting(Account.owed(payee), BatchRows.amount(row, "earned").minus(credited)),
                    new Posting(Account.credited(payee), credited));
        }, "select payee, earned, credited from batch_payee where batch = ?", batch.id()).forEach(postings::addAll);
        postings.addAll(Database.list(connection,
                row -> new Posting(Account.held(row.getString("account")), BatchRows.amount(row, "earned")),
                "select account, earned from batch_held where batch = ?", batch.id()));
        postings.removeIf(posting -> posting.amount().isZero());
        return postings;
    }
}
