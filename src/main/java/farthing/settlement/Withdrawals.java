package farthing.settlement;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
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

    /** Who was ever credited, in order. @param after null: from the first on */
    List<Address> payees(Connection connection, @Nullable Address after, int most) throws SQLException {
        return Database.list(connection, row -> new Address(row.getString(1)),
                "select payee from payee_withdrawn where payee > ? order by payee limit ?", after == null ? "" : after.text(),
                most);
    }

    /** Books what the payee has withdrawn at finality: the difference to what is booked, which may be either way. */
    void reconcile(Connection connection, Address payee) throws SQLException {
        if (isUnknown(connection, payee) && withdrawals(connection, payee).isEmpty()) {
            // Anybody may choose a payout address; what we kept of such strangers would be looked through for ever.
            return;
        }
        lock(connection, payee);
        // Read after the lock: what another server booked meanwhile was read from the same events or older ones.
        Amount withdrawn = Amount.sum(
                withdrawals(connection, payee).stream().filter(Withdrawal::isFinal).map(Withdrawal::amount)::iterator);
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

    private static boolean isUnknown(Connection connection, Address payee) throws SQLException {
        return Database.list(connection, row -> true, "select 1 from payee_withdrawn where payee = ?", payee.text()).isEmpty();
    }

    /** Somebody else may have withdrawn for the payee before ours was sent. */
    private void giveUpWithNothingToDo(Connection connection, Address payee) throws SQLException {
        Attempt newest = attempt(connection, payee);
        if (newest != null && newest.state() == AttemptState.QUEUED && newest.fault() != null
                && newest.fault().startsWith("NothingMatured")) {
            transactions.withdraw(connection, newest(connection, payee).orElseThrow().purpose());
        }
    }

    @Override
    public Standing standing(Address payee) {
        return database.inTransaction(connection -> standing(connection, payee));
    }

    @Override
    public List<Credit> credits(Address payee, int most, long offset) {
        return database.inTransaction(connection -> {
            Instant maturedBefore = maturedBefore(connection);
            return Database.list(connection, row -> credit(row, maturedBefore), """
                    select b.seq, p.credited, b.state, b.mined_at from batch_payee p join batch b on b.id = p.batch
                    where p.payee = ? and p.credited > 0 and b.state in""" + " " + BatchState.LIVE
                    + " order by b.seq desc limit ? offset ?", payee.text(), most, offset);
        });
    }

    @Override
    public List<Withdrawal> withdrawals(Address payee) {
        return database.inTransaction(connection -> withdrawals(connection, payee));
    }

    private Standing standing(Connection connection, Address payee) throws SQLException {
        Instant maturedBefore = maturedBefore(connection);
        Amount waiting = credited(connection, payee, "b.mined_at is null");
        Amount matured = credited(connection, payee, "b.mined_at < ?", Timestamp.from(maturedBefore));
        Amount withdrawn = Amount.sum(withdrawals(connection, payee).stream().map(Withdrawal::amount)::iterator);
        return new Standing(owed(connection, payee), waiting, matured.minus(withdrawn).max(Amount.ZERO),
                maturing(connection, payee, maturedBefore), withdrawn, attempt(connection, payee));
    }

    private static Amount owed(Connection connection, Address payee) throws SQLException {
        return Database.list(connection, row -> BatchRows.amount(row, "owed_after"), """
                select owed_before + earned - credited as owed_after from batch_payee
                where payee = ? and batch = (select id from batch where state in""" + " " + BatchState.LIVE
                + " order by seq desc limit 1)", payee.text()).stream().findFirst().orElse(Amount.ZERO);
    }

    private static Amount credited(Connection connection, Address payee, String condition, Object... values)
            throws SQLException {
        List<Object> all = new ArrayList<>(List.of(payee.text()));
        all.addAll(List.of(values));
        return Database.list(connection, row -> BatchRows.amount(row, "credited"),
                "select coalesce(sum(p.credited), 0) as credited from batch_payee p join batch b on b.id = p.batch"
                        + " where p.payee = ? and b.state in " + BatchState.LIVE + " and " + condition,
                all.toArray()).getFirst();
    }

    private List<Maturing> maturing(Connection connection, Address payee, Instant maturedBefore) throws SQLException {
        SortedMap<Instant, Amount> byTime = new TreeMap<>();
        Database.list(connection, row -> byTime.merge(withdrawableFrom(row.getTimestamp("mined_at").toInstant()),
                BatchRows.amount(row, "credited"), Amount::plus),
                "select p.credited, b.mined_at from batch_payee p join batch b on b.id = p.batch"
                        + " where p.payee = ? and p.credited > 0 and b.state in " + BatchState.LIVE + " and b.mined_at >= ?",
                payee.text(), Timestamp.from(maturedBefore));
        return byTime.entrySet().stream().map(each -> new Maturing(each.getValue(), each.getKey())).toList();
    }

    private Credit credit(ResultSet row, Instant maturedBefore) throws SQLException {
        Timestamp mined = row.getTimestamp("mined_at");
        Instant at = mined == null ? null : mined.toInstant();
        return new Credit(row.getLong("seq"), BatchRows.amount(row, "credited"),
                at == null ? CreditState.WAITING : at.isBefore(maturedBefore) ? CreditState.WITHDRAWABLE : CreditState.MATURING,
                row.getString("state").equals(BatchState.FINAL.name()), at, at == null ? null : withdrawableFrom(at));
    }

    /** What was mined before this is withdrawable: its epoch and the one after have passed, in the chain's time. */
    private Instant maturedBefore(Connection connection) throws SQLException {
        long epoch = deployment.epoch().toSeconds();
        long now = log.position(connection).map(position -> position.head().at().getEpochSecond()).orElse(epoch);
        return Instant.ofEpochSecond((now / epoch - 1) * epoch);
    }

    private Instant withdrawableFrom(Instant minedAt) {
        long epoch = deployment.epoch().toSeconds();
        return Instant.ofEpochSecond((minedAt.getEpochSecond() / epoch + 2) * epoch);
    }

    private List<Withdrawal> withdrawals(Connection connection, Address payee) throws SQLException {
        List<Withdrawal> withdrawals = new ArrayList<>();
        for (Logged<?> logged : log.ofPayee(connection, payee)) {
            if (logged.event() instanceof VaultEvent.Withdrawn withdrawn) {
                withdrawals.add(new Withdrawal(logged.transaction(), withdrawn.to(), withdrawn.amount(),
                        logged.block().number(), logged.block().at(), logged.finalized()));
            }
        }
        return withdrawals.reversed();
    }

    private @Nullable Attempt attempt(Connection connection, Address payee) throws SQLException {
        Optional<Asked> newest = newest(connection, payee);
        if (newest.isEmpty()) {
            return null;
        }
        Instant asked = newest.get().at();
        // Withdrawn from the outbox: somebody else was faster.
        return transactions.find(connection, newest.get().purpose())
                .map(sent -> new Attempt(state(sent), asked, sent.transaction(), sent.fault()))
                .orElseGet(() -> new Attempt(AttemptState.FAILED, asked, null, null));
    }

    private static AttemptState state(Sent sent) {
        return switch (sent.state()) {
            case QUEUED -> AttemptState.QUEUED;
            case SENT -> AttemptState.SENT;
            case MINED -> AttemptState.MINED;
            case FINAL -> AttemptState.FINAL;
            case REVERTED -> sent.finalized() ? AttemptState.FAILED : AttemptState.SENT;
        };
    }

    @Override
    public Attempt withdraw(Address payee) {
        return database.inTransaction(connection -> {
            lock(connection, payee);
            Standing now = standing(connection, payee);
            if (now.attempt() != null && now.attempt().underWay()) {
                return now.attempt();
            }
            if (now.withdrawable().isZero()) {
                throw new NothingToWithdraw();
            }
            int attempt = Database.list(connection, row -> row.getInt(1),
                    "select coalesce(max(attempt), 0) + 1 from withdrawal where payee = ?", payee.text()).getFirst();
            String purpose = "withdrawal:" + payee + ":" + attempt;
            Instant asked = clock.instant();
            Database.update(connection, "insert into withdrawal (purpose, payee, attempt, asked_at) values (?, ?, ?, ?)",
                    purpose, payee.text(), attempt, Timestamp.from(asked));
            transactions.queue(connection, purpose, deployment.operator(), call.apply(payee));
            return new Attempt(AttemptState.QUEUED, asked, null, null);
        });
    }

    /** One at a time for each payee. */
    private static void lock(Connection connection, Address payee) throws SQLException {
        Database.update(connection, """
                insert into payee_withdrawn (payee, nanos, version) values (?, 0, 0)
                on conflict (payee) do update set nanos = payee_withdrawn.nanos""", payee.text());
    }

    private record Asked(String purpose, Instant at) {
    }

    private static Optional<Asked> newest(Connection connection, Address payee) throws SQLException {
        return Database.list(connection,
                row -> new Asked(row.getString("purpose"), row.getTimestamp("asked_at").toInstant()),
                "select purpose, asked_at from withdrawal where payee = ? order by attempt desc limit 1", payee.text())
                .stream().findFirst();
    }
}
