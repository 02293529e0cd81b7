package farthing.metering;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

import org.jspecify.annotations.Nullable;

import farthing.ledger.Account;
import farthing.ledger.Entry;
import farthing.ledger.InsufficientFunds;
import farthing.ledger.Ledger;
import farthing.ledger.LineId;
import farthing.money.Amount;
import farthing.web.Problem;

/**
 * The leases of this instance, one for each line in use. Money moves from the line to the lease before it is held, so whatever
 * happens to the process, a line cannot be overspent.
 */
final class Leases {

    /** While others live, no grant takes more of a line than this part of it for each server, unless a call needs it. */
    private static final int PARTS_FOR_EACH = 4;

    private final Database database;
    private final Ledger ledger;
    private final Clock clock;
    private final Amount chunk;
    private final Instances instances;
    private final long instance;
    private final Recalls recalls;
    private final Map<LineId, LineBook> books = new ConcurrentHashMap<>();

    Leases(Database database, Ledger ledger, Clock clock, Amount chunk, Instances instances) {
        this.database = database;
        this.ledger = ledger;
        this.clock = clock;
        this.chunk = chunk;
        this.instances = instances;
        this.instance = instances.own();
        this.recalls = new Recalls(database, Recalls.Of.LINE, instances);
    }

    /**
     * Holds {@code wanted}, or less where the line has less, but never less than {@code least}.
     *
     * @throws BudgetExhausted when not even {@code least} is to be had
     * @throws BudgetHeldElsewhere when a server that does not answer holds the rest
     * @throws LineFrozen when the line takes no new calls
     */
    Hold<Lease> hold(LineId line, Amount least, Amount wanted) {
        LineBook book = books.computeIfAbsent(line, LineBook::new);
        FreezeReason frozen = book.frozen;
        if (frozen != null) {
            throw new LineFrozen(line, frozen);
        }
        return book.hold(least, wanted);
    }

    private final class LineBook extends Book<Lease> {

        private final LineId line;
        /** As this instance last saw it; a grant looks anew. */
        private volatile @Nullable FreezeReason frozen;

        LineBook(LineId line) {
            super(clock);
            this.line = line;
        }

        @Override
        @Nullable
        Grant<Lease> grant(@Nullable Lease open, Amount least, Amount wanted, int growth, boolean ahead) {
            while (true) {
                try {
                    return database.<@Nullable Grant<Lease>> inTransaction(
                            connection -> grant(connection, open, least, wanted, growth, ahead));
                } catch (InsufficientFunds race) {
                    // Another instance took from the line between our look and our posting; look again.
                    Thread.onSpinWait();
                }
            }
        }

        private @Nullable Grant<Lease> grant(Connection connection, @Nullable Lease open, Amount least, Amount wanted,
                int growth, boolean ahead) throws SQLException {
            FreezeReason reason = FrozenLines.reason(connection, line);
            if (reason != null) {
                throw new LineFrozen(line, reason);
            }
            Amount there = ledger.balance(connection, Account.line(line));
            Amount amount = amount(there, least, wanted, growth, ahead);
            // A call that is free needs a lease to be numbered on, though nothing is on the line.
            if (amount.isZero() && (open != null || !wanted.isZero())) {
                return null;
            }
            Lease lease = open != null && growRow(connection, open.id(), amount) ? open
                    : newRow(connection, new Lease(LeaseId.random(), line, clock.instant()), amount);
            ledger.open(connection, Account.leased(line));
            if (!amount.isZero()) {
                ledger.post(connection, Entry.transfer("lease grant", "grant:" + lease.id() + ":" + LeaseId.random(),
                        clock.instant(), Account.line(line), Account.leased(line), amount));
            }
            return new Grant<>(lease, amount);
        }

        private Amount amount(Amount there, Amount least, Amount wanted, int growth, boolean ahead) {
            if (there.isLessThan(least)) {
                // Not even in part: of two servers with half of what a call costs neither could make it.
                return Amount.ZERO;
            }
            int others = instances.others();
            long plenty = there.nanos() / (others == 0 ? ahead ? 2 : 1 : PARTS_FOR_EACH * (others + 1));
            // No overflow: no line has more than 2^63 nanos, and the chunk is checked when it is read.
            long usual = Math.min(plenty, chunk.nanos() > Long.MAX_VALUE / growth ? Long.MAX_VALUE : chunk.nanos() * growth);
            if (ahead) {
                return usual < wanted.nanos() ? Amount.ZERO : Amount.ofNanos(usual);
            }
            return there.min(wanted.max(Amount.ofNanos(usual)));
        }

        @Override
        @Nullable
        Amount reread(@Nullable Lease open) {
            for (LeaseId id : ownOpenOn(line)) {
                if (open == null || !id.equals(open.id())) {
                    close(id, "RETURNED");
                }
            }
            return open == null ? null : grantedBy(open.id());
        }

        @Override
        Asked askOthers() {
            return recalls.ask(line.value());
        }

        @Override
        void end(Lease closed) {
            close(closed.id(), "RETURNED");
        }

        @Override
        Problem exhausted(Amount least, Amount available) {
            return new BudgetExhausted(line, least, available);
        }

        @Override
        Problem heldElsewhere(Amount least) {
            return new BudgetHeldElsewhere("line " + line, least);
        }
    }

    private boolean growRow(Connection connection, LeaseId id, Amount amount) throws SQLException {
        try (PreparedStatement update = connection
                .prepareStatement("update lease set granted = granted + ? where id = ? and instance = ? and state = 'OPEN'")) {
            update.setLong(1, amount.nanos());
            update.setLong(2, id.value());
            update.setLong(3, instance);
            return update.executeUpdate() == 1;
        }
    }

    /** Waits, by the row's lock, for a change that is still under way; null where the lease was ended. */
    private @Nullable Amount grantedBy(LeaseId id) {
        return database.<@Nullable Amount> read(connection -> {
            try (PreparedStatement select = connection.prepareStatement(
                    "select granted from lease where id = ? and instance = ? and state = 'OPEN' for no key update")) {
                select.setLong(1, id.value());
                select.setLong(2, instance);
                try (ResultSet row = select.executeQuery()) {
                    return row.next() ? Amount.ofNanos(row.getLong(1)) : null;
                }
            }
        });
    }

    private Lease newRow(Connection connection, Lease lease, Amount amount) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(
                "insert into lease (id, line, instance, granted, state, opened_at) values (?, ?, ?, ?, 'OPEN', ?)")) {
            insert.setLong(1, lease.id().value());
            insert.setInt(2, lease.line().value());
            insert.setLong(3, instance);
            insert.setLong(4, amount.nanos());
            insert.setTimestamp(5, Timestamp.from(clock.instant()));
            insert.executeUpdate();
            return lease;
        }
    }

    /** The balance of {@link Account#leased}, without its many postings. */
    static Amount leased(Connection connection, LineId line) throws SQLException {
        try (PreparedStatement select = connection
                .prepareStatement("select coalesce(sum(granted - used), 0) from lease where line = ? and state = 'OPEN'")) {
            select.setInt(1, line.value());
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return Amount.ofNanos(row.getLong(1));
            }
        }
    }

    /** Makes the account that every charge goes to. */
    void openAccounts() {
        database.inTransaction(connection -> {
            ledger.open(connection, Account.charges());
            return true;
        });
    }

    /**
     * Gives leases back to their lines that nobody used for a while, and those that an unknown outcome left without an owner.
     */
    int returnIdle(Duration idle) {
        Instant now = clock.instant();
        int returned = 0;
        // In this order: what was open by then has its row, unless others took it over, and then no call should begin on it.
        List<Lease> open = books.values().stream().map(LineBook::open).filter(Objects::nonNull).toList();
        Map<LeaseId, LineId> rows = ownOpen();
        open.stream().filter(lease -> !rows.containsKey(lease.id())).forEach(Lease::abandon);
        for (Map.Entry<LeaseId, LineId> row : rows.entrySet()) {
            LineBook book = books.get(row.getValue());
            if (book != null && !book.letsGo(row.getKey(), idle, now)) {
                continue;
            }
            if (close(row.getKey(), "RETURNED")) {
                returned++;
            }
            if (book != null) {
                book.forget(row.getKey());
            }
        }
        return returned;
    }

    /** Gives back to their lines what other instances asked for and no call here holds. */
    void answerRecalls() {
        recalls.answer(books.values(), (connection, id, amount) -> {
            LineId line = lineOf(connection, id);
            ledger.post(connection, Entry.transfer("lease recall", "recall:" + id + ":" + LeaseId.random(), clock.instant(),
                    Account.leased(line), Account.line(line), amount));
        });
    }

    private static LineId lineOf(Connection connection, LeaseId id) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select line from lease where id = ?")) {
            select.setLong(1, id.value());
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return new LineId(row.getInt(1));
            }
        }
    }

    /** Looks which lines are frozen or thawed by now, and gives back the leases of frozen ones that no call holds on to. */
    int recallFrozen() {
        if (books.isEmpty()) {
            return 0;
        }
        Map<LineId, FreezeReason> frozen = database.read(connection -> FrozenLines.among(connection, books.keySet()));
        int recalled = 0;
        for (Map.Entry<LineId, LineBook> each : books.entrySet()) {
            LineBook book = each.getValue();
            FreezeReason reason = frozen.get(each.getKey());
            book.frozen = reason;
            Lease lease = book.open();
            if (reason != null && lease != null && lease.closeIfIdle(Duration.ZERO, clock.instant())
                    && close(lease.id(), "RETURNED")) {
                recalled++;
            }
        }
        return recalled;
    }

    /** Gives everything back. A call that still runs is fenced, so only when nothing is charged any more. */
    void returnAll() {
        for (LineBook book : books.values()) {
            Lease lease = book.open();
            if (lease != null) {
                lease.abandon();
            }
        }
        returnIdle(Duration.ZERO);
    }

    /** Takes back, for their lines, the leases of instances that were not seen for so long; their writers are fenced. */
    int recoverUnseenFor(Duration unseen) {
        int recovered = 0;
        for (LeaseId id : openOfDead(unseen)) {
            if (close(id, "RECOVERED")) {
                recovered++;
            }
        }
        return recovered;
    }

    private Map<LeaseId, LineId> ownOpen() {
        return database.read(connection -> {
            try (PreparedStatement select = connection
                    .prepareStatement("select id, line from lease where state = 'OPEN' and instance = ?")) {
                select.setLong(1, instance);
                Map<LeaseId, LineId> leases = new HashMap<>();
                try (ResultSet rows = select.executeQuery()) {
                    while (rows.next()) {
                        leases.put(new LeaseId(rows.getLong(1)), new LineId(rows.getInt(2)));
                    }
                }
                return leases;
            }
        });
    }

    private List<LeaseId> ownOpenOn(LineId line) {
        return database.read(connection -> {
            try (PreparedStatement select = connection
                    .prepareStatement("select id from lease where state = 'OPEN' and line = ? and instance = ?")) {
                select.setInt(1, line.value());
                select.setLong(2, instance);
                return ids(select);
            }
        });
    }

    private List<LeaseId> openOfDead(Duration unseen) {
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement("""
                    select id from lease where state = 'OPEN' and instance <> ? and instance in (
                        select i.id from instance i where i.seen_at <= ?)""")) {
                select.setLong(1, instance);
                select.setTimestamp(2, Timestamp.from(instances.unseenSince(connection, unseen)));
                return ids(select);
            }
        });
    }

    private static List<LeaseId> ids(PreparedStatement select) throws SQLException {
        List<LeaseId> ids = new ArrayList<>();
        try (ResultSet rows = select.executeQuery()) {
            while (rows.next()) {
                ids.add(new LeaseId(rows.getLong(1)));
            }
        }
        return ids;
    }

    /** Ends the lease row and posts what is left of it back to its line; false when somebody else has ended it. */
    private boolean close(LeaseId id, String state) {
        return database.inTransaction(connection -> {
            try (PreparedStatement update = connection.prepareStatement("""
                    update lease set state = ?, closed_at = ? where id = ? and state = 'OPEN'
                    returning line, granted - used""")) {
                update.setString(1, state);
                update.setTimestamp(2, Timestamp.from(clock.instant()));
                update.setLong(3, id.value());
                try (ResultSet row = update.executeQuery()) {
                    if (!row.next()) {
                        return false;
                    }
                    LineId line = new LineId(row.getInt(1));
                    Amount left = Amount.ofNanos(row.getLong(2));
                    if (!left.isZero()) {
                        ledger.post(connection, Entry.transfer("lease end", "end:" + id, clock.instant(),
                                Account.leased(line), Account.line(line), left));
                    }
                    return true;
                }
            }
        });
    }
}
