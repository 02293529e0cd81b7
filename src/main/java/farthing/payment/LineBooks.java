package farthing.payment;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

import javax.sql.DataSource;

import org.jspecify.annotations.Nullable;

import farthing.chain.Address;
import farthing.chain.ChainLog;
import farthing.chain.Logged;
import farthing.ledger.Account;
import farthing.ledger.Entry;
import farthing.ledger.InsufficientFunds;
import farthing.ledger.Ledger;
import farthing.ledger.LineId;
import farthing.ledger.Posting;
import farthing.metering.FreezeReason;
import farthing.money.Amount;

/**
 * Books deposits, ceilings and exits: compares what the chain's events say with what is booked, and posts the difference. So it
 * may be called as often as one likes, and a re-org is nothing special.
 */
final class LineBooks {

    private static final int TRIES = 20;

    /** Whose lines they are; asked outside of transactions. */
    interface Owners {

        /** Takes the line in for the account of this wallet, unless it is known already. */
        void adopt(LineId line, Address owner);

        /** The wallet for which it was adopted, which never changes; empty for a line that was not. */
        Optional<Address> walletOf(LineId line);
    }

    interface Gate {

        /** @param reason null: calls may begin */
        void set(Connection connection, LineId line, @Nullable FreezeReason reason) throws SQLException;
    }

    private final DataSource source;
    private final ChainLog chain;
    private final Ledger ledger;
    private final Owners owners;
    private final Gate gate;
    private final Clock clock;

    LineBooks(DataSource source, ChainLog chain, Ledger ledger, Owners owners, Gate gate, Clock clock) {
        this.source = source;
        this.chain = chain;
        this.ledger = ledger;
        this.owners = owners;
        this.gate = gate;
        this.clock = clock;
    }

    /**
     * @param exited null unless the line was left; then {@code sweptLine} and {@code sweptLocked} were taken from its accounts
     */
    private record Booked(int version, Amount deposited, Amount spendable, @Nullable Amount exited, Amount sweptLine,
            Amount sweptLocked) {
    }

    /** All lines that the chain or the books know; none before the chain was read for the first time. */
    List<LineId> known() throws SQLException {
        try (Connection connection = source.getConnection()) {
            if (chain.position(connection).isEmpty()) {
                return List.of();
            }
            TreeSet<Integer> lines = new TreeSet<>(Integer::compareUnsigned);
            lines.addAll(chain.lines(connection));
            try (PreparedStatement select = connection.prepareStatement("select line from payment_line");
                    ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    lines.add(row.getInt(1));
                }
            }
            return lines.stream().map(LineId::new).toList();
        }
    }

    /** Lines whose deposit was lost, and that may still owe a part of it. */
    List<LineId> lost() throws SQLException {
        try (Connection connection = source.getConnection();
                PreparedStatement select = connection.prepareStatement("""
                        select f.line from frozen_line f join payment_line p on p.line = f.line
                        where f.reason = 'DEPOSIT_LOST' order by f.line""");
                ResultSet row = select.executeQuery()) {
            List<LineId> lines = new ArrayList<>();
            while (row.next()) {
                lines.add(new LineId(row.getInt(1)));
            }
            return lines;
        }
    }

    /** Brings the books of one line to what the chain says now. */
    void reconcile(LineId line) throws SQLException {
        Address owner = LineFacts.of(events(line)).owner();
        if (owner != null) {
            owners.adopt(line, owner);
        }
        Address wallet = owners.walletOf(line).orElse(null);
        for (int tries = 1;; tries++) {
            try {
                inTransaction(line, wallet);
                return;
            } catch (InsufficientFunds race) {
                // A lease was granted between our look at the line's balance and our posting; look again.
                if (tries == TRIES) {
                    throw race;
                }
            }
        }
    }

    private List<Logged<?>> events(LineId line) throws SQLException {
        try (Connection connection = source.getConnection()) {
            return chain.ofLine(connection, line.value());
        }
    }

    private void inTransaction(LineId line, @Nullable Address wallet) throws SQLException {
        try (Connection connection = source.getConnection()) {
            connection.setAutoCommit(false);
            try {
                book(connection, line, wallet);
                connection.commit();
            } catch (SQLException | RuntimeException e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        }
    }

    private void book(Connection connection, LineId line, @Nullable Address wallet) throws SQLException {
        Booked before = lock(connection, line);
        // Read after the lock: what another instance booked meanwhile was read from the same events or older ones.
        LineFacts said = LineFacts.of(chain.ofLine(connection, line.value()));
        boolean foreign = said.owner() != null && !said.owner().equals(wallet);
        // Somebody else's money must not pay for the calls of this line's account.
        LineFacts facts = foreign || said.owner() == null ? LineFacts.NONE : said;

        Booked booked = before;
        if (mustUndoExit(booked, facts)) {
            booked = undoExit(connection, line, booked);
        }
        booked = deposit(connection, line, booked, facts);
        if (facts.exited() != null) {
            booked = exit(connection, line, booked, facts.exited());
        }
        if (booked.version != before.version) {
            save(connection, line, booked);
        }
        gate.set(connection, line, reason(foreign, booked, facts, said));
    }

    private static @Nullable FreezeReason reason(boolean foreign, Booked booked, LineFacts facts, LineFacts said) {
        if (foreign) {
            return FreezeReason.OWNER_CHANGED;
        }
        if (facts.spendable().isLessThan(booked.spendable)) {
            return FreezeReason.DEPOSIT_LOST;
        }
        return said.leaving() ? FreezeReason.EXIT_REQUESTED : null;
    }

    /** An exit that vanished, or one before which other deposits were made than those booked. */
    private static boolean mustUndoExit(Booked booked, LineFacts facts) {
        if (booked.exited == null) {
            return false;
        }
        boolean swept = !booked.sweptLine.plus(booked.sweptLocked).isZero();
        return !booked.exited.equals(facts.exited()) || swept
                && !(booked.deposited.equals(facts.deposited()) && booked.spendable.equals(facts.spendable()));
    }

    private Booked deposit(Connection connection, LineId line, Booked booked, LineFacts facts) throws SQLException {
        Amount more = facts.spendable().minus(booked.spendable);
        if (more.isNegative()) {
            // Only what is there can be taken. The rest was used or is lent: it stays booked, and is tried again next time.
            more = more.negated().min(ledger.balance(connection, Account.line(line))).negated();
        }
        Amount spendable = booked.spendable.plus(more);
        Amount deposited = facts.deposited().max(spendable);
        Amount moreDeposited = deposited.minus(booked.deposited);
        if (more.isZero() && moreDeposited.isZero()) {
            return booked;
        }
        int version = post(connection, line, booked, "deposit",
                new Posting(Account.deposits(), moreDeposited.negated()),
                new Posting(Account.locked(line), moreDeposited.minus(more)), new Posting(Account.line(line), more));
        return new Booked(version, deposited, spendable, booked.exited, booked.sweptLine, booked.sweptLocked);
    }

    /** The vault has paid the rest out. What it could not debit for fractions of a micro-unit is nobody's to pay. */
    private Booked exit(Connection connection, LineId line, Booked booked, Amount exited) throws SQLException {
        Amount onLine = ledger.balance(connection, Account.line(line));
        Amount locked = ledger.balance(connection, Account.locked(line));
        Amount paid = booked.exited == null ? exited : exited.minus(booked.exited);
        if (booked.exited != null && onLine.isZero() && locked.isZero() && paid.isZero()) {
            return booked;
        }
        int version = post(connection, line, booked, "exit", new Posting(Account.line(line), onLine.negated()),
                new Posting(Account.locked(line), locked.negated()), new Posting(Account.deposits(), paid),
                new Posting(Account.uncollected(), onLine.plus(locked).minus(paid)));
        return new Booked(version, booked.deposited, booked.spendable, exited, booked.sweptLine.plus(onLine),
                booked.sweptLocked.plus(locked));
    }

    private Booked undoExit(Connection connection, LineId line, Booked booked) throws SQLException {
        Amount paid = booked.exited == null ? Amount.ZERO : booked.exited;
        int version = post(connection, line, booked, "exit undone", new Posting(Account.line(line), booked.sweptLine),
                new Posting(Account.locked(line), booked.sweptLocked), new Posting(Account.deposits(), paid.negated()),
                new Posting(Account.uncollected(), paid.minus(booked.sweptLine).minus(booked.sweptLocked)));
        return new Booked(version, booked.deposited, booked.spendable, null, Amount.ZERO, Amount.ZERO);
    }

    private int post(Connection connection, LineId line, Booked booked, String kind, Posting... postings) throws SQLException {
        int version = booked.version + 1;
        List<Posting> all = new ArrayList<>(List.of(postings));
        for (Posting posting : all) {
            ledger.open(connection, posting.account());
        }
        ledger.post(connection, new Entry(kind, kind + ":" + line + ":" + version, clock.instant(), all));
        return version;
    }

    /**
     * What the entries posted here come to.
     *
     * @param onLine to the line, for calls
     */
    record Sums(Amount deposited, Amount onLine, Amount locked) {
    }

    static Sums sums(Connection connection, LineId line) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("""
                select deposited, spendable - swept_line, deposited - spendable - swept_locked
                from payment_line where line = ?""")) {
            select.setInt(1, line.value());
            try (ResultSet row = select.executeQuery()) {
                return row.next()
                        ? new Sums(Amount.ofNanos(row.getLong(1)), Amount.ofNanos(row.getLong(2)),
                                Amount.ofNanos(row.getLong(3)))
                        : new Sums(Amount.ZERO, Amount.ZERO, Amount.ZERO);
            }
        }
    }

    private static Booked lock(Connection connection, LineId line) throws SQLException {
        try (PreparedStatement insert = connection
                .prepareStatement("insert into payment_line (line) values (?) on conflict (line) do nothing")) {
            insert.setInt(1, line.value());
            insert.executeUpdate();
        }
        try (PreparedStatement select = connection.prepareStatement("""
                select version, deposited, spendable, exited, swept_line, swept_locked from payment_line
                where line = ? for update""")) {
            select.setInt(1, line.value());
            try (ResultSet row = select.executeQuery()) {
                row.next();
                Long exited = (Long) row.getObject(4);
                return new Booked(row.getInt(1), Amount.ofNanos(row.getLong(2)), Amount.ofNanos(row.getLong(3)),
                        exited == null ? null : Amount.ofNanos(exited), Amount.ofNanos(row.getLong(5)),
                        Amount.ofNanos(row.getLong(6)));
            }
        }
    }

    private static void save(Connection connection, LineId line, Booked booked) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement("""
                update payment_line set version = ?, deposited = ?, spendable = ?, exited = ?, swept_line = ?, swept_locked = ?
                where line = ?""")) {
            update.setInt(1, booked.version);
            update.setLong(2, booked.deposited.nanos());
            update.setLong(3, booked.spendable.nanos());
            update.setObject(4, booked.exited == null ? null : booked.exited.nanos());
            update.setLong(5, booked.sweptLine.nanos());
            update.setLong(6, booked.sweptLocked.nanos());
            update.setInt(7, line.value());
            update.executeUpdate();
        }
    }
}
