package farthing.settlement;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import farthing.chain.Address;
import farthing.chain.Call;
import farthing.chain.ChainLog;
import farthing.chain.Deployment;
import farthing.chain.Logged;
import farthing.chain.Transactions;
import farthing.chain.Transactions.Sent;
import farthing.chain.VaultEvent;
import farthing.earnings.NothingToWithdraw;
import farthing.earnings.Payouts;
import farthing.ledger.Account;
import farthing.ledger.Entry;
import farthing.ledger.Ledger;
import farthing.ledger.Posting;
import farthing.money.Amount;

/** What payees were credited, have withdrawn and have under way. */
final class Withdrawals implements Payouts {

    private final Database database;
    private final ChainLog log;
    private final Transactions transactions;
    private final Deployment deployment;
    private final Function<Address, Call> call;
    private final Ledger ledger;
    private final Clock clock;

    Withdrawals(Database database, ChainLog log, Transactions transactions, Deployment deployment,
            Function<Address, Call> call, Ledger ledger, Clock clock) {
        this.database = database;
        this.log = log;
        this.transactions = transactions;
        this.deployment = deployment;
        this.call = call;
        this.ledger = ledger;
        this.clock = clock;
    }

    /** Everybody who was ever credited. */
    List<Address> payees(Connection connection) throws SQLException {
        return Database.list(connection, row -> new Address(row.getString(1)), """
                select distinct payee from batch_payee where credited > 0
                union select payee from payee_withdrawn""");
    }

    /** Books what the payee has withdrawn at finality: the difference to what is booked, which may be either way. */
    void reconcile(Connection connection, Address payee) throws SQLException {
        Amount withdrawn = Amount.sum(
                withdrawals(connection, payee).stream().filter(Withdrawal::confirmed).map(Withdrawal::amount)::iterator);
        lock(connection, payee);
        record Booked(Amount amount, int version) {
        }
        Booked booked = Database.list(connection, row -> new Booked(BatchRows.amount(row, "nanos"), row.getInt("version")),
                "select nanos, version from payee_withdrawn where payee = ?", payee.text()).getFirst();
        Amount more = withdrawn.minus(booked.amount);
        if (!more.isZero()) {
            int version = booked.version + 1;
            ledger.open(connection, Account.deposits());
            ledger.open(connection, Account.credited(payee.text()));
            ledger.post(connection, new Entry("withdrawal", "withdrawal:" + payee + ":" + version, clock.instant(),
                    List.of(new Posting(Account.credited(payee.text()), more.negated()),
                            new Posting(Account.deposits(), more))));
            Database.update(connection, "update payee_withdrawn set nanos = ?, version = ? where payee = ?",
                    withdrawn.nanos(), version, payee.text());
        }
        giveUpWithNothingToDo(connection, payee);
    }

    /** Somebody else may have withdrawn for the payee before ours was sent. */
    private void giveUpWithNothingToDo(Connection connection, Address payee) throws SQLException {
        Optional<String> newest = newest(connection, payee);
        Optional<Sent> sent = newest.isPresent() ? transactions.find(connection, newest.get()) : Optional.empty();
        if (sent.isPresent() && sent.get().state() == Transactions.State.QUEUED && sent.get().fault() != null
                && sent.get().fault().startsWith("NothingMatured")) {
            transactions.withdraw(connection, sent.get().purpose());
        }
    }

    @Override
    public Statement of(Address payee) {
        return database.inTransaction(connection -> statement(connection, payee));
    }

    private Statement statement(Connection connection, Address payee) throws SQLException {
        Instant now = log.position(connection).map(position -> position.head().at()).orElse(Instant.EPOCH);
        List<Credit> credits = credits(connection, payee);
        List<Withdrawal> withdrawals = withdrawals(connection, payee);
        Amount matured = Amount.ZERO;
        Amount maturing = Amount.ZERO;
        Instant matures = null;
        for (Credit credit : credits) {
            Instant from = credit.withdrawableFrom();
            if (from != null && !from.isAfter(now)) {
                matured = matured.plus(credit.amount());
            } else if (from != null) {
                maturing = maturing.plus(credit.amount());
                matures = matures == null || from.isAfter(matures) ? from : matures;
            }
        }
        Amount withdrawn = Amount.sum(withdrawals.stream().map(Withdrawal::amount)::iterator);
        return new Statement(matured.minus(withdrawn).max(Amount.ZERO), maturing, matures, credits, withdrawals,
                underWay(connection, payee));
    }

    private List<Credit> credits(Connection connection, Address payee) throws SQLException {
        return Database.list(connection, row -> {
            Timestamp mined = row.getTimestamp("mined_at");
            Instant at = mined == null ? null : mined.toInstant();
            return new Credit(row.getLong("seq"), BatchRows.amount(row, "credited"), row.getString("state").toLowerCase(),
                    at, at == null ? null : withdrawableFrom(at));
        }, "select b.seq, p.credited, b.state, b.mined_at from batch_payee p join batch b on b.id = p.batch"
                + " where p.payee = ? and p.credited > 0 and b.state in " + BatchState.LIVE + " order by b.seq desc",
                payee.text());
    }

    /** When the epoch after that of the block has passed. */
    private Instant withdrawableFrom(Instant minedAt) {
        long epoch = deployment.epoch().toSeconds();
        return Instant.ofEpochSecond((minedAt.getEpochSecond() / epoch + 2) * epoch);
    }

    private List<Withdrawal> withdrawals(Connection connection, Address payee) throws SQLException {
        List<Withdrawal> withdrawals = new ArrayList<>();
        for (Logged<?> logged : log.ofPayee(connection, payee)) {
            if (logged.event() instanceof VaultEvent.Withdrawn withdrawn) {
                withdrawals.add(new Withdrawal(withdrawn.amount(), withdrawn.to(), logged.transaction(),
                        logged.block().number(), logged.block().at(), logged.finalized()));
            }
        }
        return withdrawals.reversed();
    }

    private Optional<UnderWay> underWay(Connection connection, Address payee) throws SQLException {
        Optional<String> newest = newest(connection, payee);
        Optional<Sent> sent = newest.isPresent() ? transactions.find(connection, newest.get()) : Optional.empty();
        return sent.map(Withdrawals::underWay).filter(its -> !its.state().equals("final"));
    }

    private static UnderWay underWay(Sent sent) {
        return switch (sent.state()) {
            case REVERTED -> new UnderWay(sent.finalized() ? "failed" : "sent", sent.transaction(), sentence(sent.fault()));
            case QUEUED, SENT, MINED, FINAL ->
                new UnderWay(sent.state().name().toLowerCase(), sent.transaction(), sentence(sent.fault()));
        };
    }

    private static @Nullable String sentence(@Nullable String fault) {
        return fault == null ? null : "The vault said: " + fault + ".";
    }

    @Override
    public void withdraw(Address payee) {
        database.inTransaction(connection -> {
            lock(connection, payee);
            Statement now = statement(connection, payee);
            if (now.underWay().filter(its -> !its.state().equals("failed") && !its.state().equals("mined")).isPresent()) {
                return true;
            }
            if (now.withdrawable().isZero()) {
                throw new NothingToWithdraw();
            }
            int attempt = Database.list(connection, row -> row.getInt(1),
                    "select coalesce(max(attempt), 0) + 1 from withdrawal where payee = ?", payee.text()).getFirst();
            String purpose = "withdrawal:" + payee + ":" + attempt;
            Database.update(connection, "insert into withdrawal (purpose, payee, attempt, asked_at) values (?, ?, ?, ?)",
                    purpose, payee.text(), attempt, Timestamp.from(clock.instant()));
            transactions.queue(connection, purpose, deployment.operator(), call.apply(payee));
            return true;
        });
    }

    /** One at a time for each payee. */
    private static void lock(Connection connection, Address payee) throws SQLException {
        Database.update(connection, """
                insert into payee_withdrawn (payee, nanos, version) values (?, 0, 0)
                on conflict (payee) do update set nanos = payee_withdrawn.nanos""", payee.text());
    }

    private static Optional<String> newest(Connection connection, Address payee) throws SQLException {
        return Database.list(connection, row -> row.getString(1),
                "select purpose from withdrawal where payee = ? order by attempt desc limit 1", payee.text()).stream()
                .findFirst();
    }
}
