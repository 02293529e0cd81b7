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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

import org.jspecify.annotations.Nullable;

import farthing.ledger.Account;
import farthing.ledger.Entry;
import farthing.ledger.InsufficientFunds;
import farthing.ledger.Ledger;
import farthing.ledger.LineId;
import farthing.money.Amount;

/**
 * The leases of this instance, one for each line in use. Money moves from the line to the lease before it is held, so whatever
 * happens to the process, a line cannot be overspent.
 */
final class Leases {

    private final Database database;
    private final Ledger ledger;
    private final Clock clock;
    private final Amount chunk;
    private final long instance;
    private final Map<LineId, Book> books = new ConcurrentHashMap<>();

    /** The lease of one line and the lock under which it is refilled or replaced. */
    private static final class Book {
        final ReentrantLock refill = new ReentrantLock();
        volatile @Nullable Lease lease;
    }

    Leases(Database database, Ledger ledger, Clock clock, Amount chunk, long instance) {
        this.database = database;
        this.ledger = ledger;
        this.clock = clock;
        this.chunk = chunk;
        this.instance = instance;
    }

    /**
     * Holds {@code wanted}, or less where the line has less, but never less than {@code least}.
     *
     * @throws BudgetExhausted when not even {@code least} is to be had
     */
    Hold hold(LineId line, Amount least, Amount wanted) {
        Book book = books.computeIfAbsent(line, l -> new Book());
        Lease current = book.lease;
        if (current != null && current.hold(wanted, clock.instant())) {
            return new Hold(current, wanted);
        }
        book.refill.lock();
        try {
            Lease lease = refilled(book, line, wanted);
            while (lease != null) {
                Amount amount = lease.free().min(wanted);
                if (amount.isLessThan(least)) {
                    break;
                }
                if (lease.hold(amount, clock.instant())) {
                    return new Hold(lease, amount);
                }
            }
            throw new BudgetExhausted(line, least, lease == null ? Amount.ZERO : lease.free());
        } finally {
            book.refill.unlock();
        }
    }

    /** The line's open lease with {@code wanted} free, or with all that the line had; null for an empty line. */
    private @Nullable Lease refilled(Book book, LineId line, Amount wanted) {
        while (true) {
            Lease open = book.lease != null && book.lease.isOpen() ? book.lease : null;
            Amount missing = open == null ? wanted : wanted.minus(open.free());
            if (open != null && !Amount.ZERO.isLessThan(missing)) {
                return open;
            }
            Grant grant = granted(open, line, missing.max(chunk));
            if (grant == null) {
                return open;
            }
            // Only what is durably taken from the line may be held.
            grant.lease.grow(grant.amount);
            if (open != null && grant.lease != open) {
                // Somebody recovered the old one, and what it had free is on the line again: ask once more.
                open.abandon();
            }
            book.lease = grant.lease;
        }
    }

    private record Grant(Lease lease, Amount amount) {
    }

    private @Nullable Grant granted(@Nullable Lease open, LineId line, Amount asked) {
        while (true) {
            try {
                return database.<@Nullable Grant> inTransaction(connection -> grant(connection, open, line, asked));
            } catch (InsufficientFunds race) {
                // Another instance took from the line between our look and our posting; look again.
                Thread.onSpinWait();
            }
        }
    }

    private @Nullable Grant grant(Connection connection, @Nullable Lease open, LineId line, Amount asked) throws SQLException {
        Amount amount = ledger.balance(connection, Account.line(line)).min(asked);
        if (amount.isZero()) {
            return null;
        }
        Lease lease = open != null && growRow(connection, open.id(), amount) ? open
                : newRow(connection, new Lease(LeaseId.random(), line, Amount.ZERO, clock.instant()), amount);
        String fact = "grant:" + lease.id() + ":" + LeaseId.random();
        ledger.open(connection, Account.leased(line));
        ledger.post(connection,
                Entry.transfer("lease grant", fact, clock.instant(), Account.line(line), Account.leased(line), amount));
        return new Grant(lease, amount);
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

    /** Makes the account that every charge goes to. */
    void openAccounts() {
        database.inTransaction(connection -> {
            ledger.open(connection, Account.charges());
            return true;
        });
    }

    /** Tells the others that this instance lives. */
    void heartbeat() {
        database.inTransaction(connection -> {
            try (PreparedStatement upsert = connection.prepareStatement("""
                    insert into instance (id, started_at, seen_at) values (?, ?, ?)
                    on conflict (id) do update set seen_at = excluded.seen_at""")) {
                Timestamp now = Timestamp.from(clock.instant());
                upsert.setLong(1, instance);
                upsert.setTimestamp(2, now);
                upsert.setTimestamp(3, now);
                return upsert.executeUpdate();
            }
        });
    }

    /**
     * Gives leases back to their lines that nobody used for a while, and those that an unknown outcome left without an owner.
     */
    int returnIdle(Duration idle) {
        Instant then = clock.instant().minus(idle);
        int returned = 0;
        Set<LeaseId> inUse = new HashSet<>();
        for (Book book : books.values()) {
            Lease lease = book.lease;
            if (lease != null && lease.isOpen() && !lease.closeIfIdleSince(then)) {
                inUse.add(lease.id());
            }
        }
        for (LeaseId id : openLeases("instance = ? and opened_at <= ?", instance, then)) {
            if (!inUse.contains(id) && close(id, "RETURNED")) {
                returned++;
            }
        }
        return returned;
    }

    /**
     * Takes back, for their lines, the leases of instances that were not seen since the given time; their writers are fenced.
     */
    int recoverUnseenSince(Instant then) {
        int recovered = 0;
        for (LeaseId id : openLeases(
                "instance <> ? and instance in (select i.id from instance i where i.seen_at <= ?)", instance, then)) {
            if (close(id, "RECOVERED")) {
                recovered++;
            }
        }
        return recovered;
    }

    private List<LeaseId> openLeases(String condition, long instance, Instant then) {
        return database.read(connection -> {
            try (PreparedStatement select = connection
                    .prepareStatement("select id from lease where state = 'OPEN' and " + condition)) {
                select.setLong(1, instance);
                select.setTimestamp(2, Timestamp.from(then));
                List<LeaseId> ids = new ArrayList<>();
                try (ResultSet rows = select.executeQuery()) {
                    while (rows.next()) {
                        ids.add(new LeaseId(rows.getLong(1)));
                    }
                }
                return ids;
            }
        });
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
