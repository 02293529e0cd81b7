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
        /** As this instance last saw it; a grant looks anew. */
        volatile @Nullable FreezeReason frozen;
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
     * @throws LineFrozen when the line takes no new calls
     */
    Hold hold(LineId line, Amount least, Amount wanted) {
        Book book = books.computeIfAbsent(line, l -> new Book());
        FreezeReason frozen = book.frozen;
        if (frozen != null) {
            throw new LineFrozen(line, frozen);
        }
        Lease current = book.lease;
        if (current != null && current.hold(wanted, clock.instant())) {
            return new Hold(current, wanted);
        }
        book.refill.lock();
        try {
            while (true) {
                Lease lease = openLease(book);
                if (lease != null && lease.hold(wanted, clock.instant())) {
                    return new Hold(lease, wanted);
                }
                // Others hold from the lease meanwhile, so what was just granted may be gone again: only an empty line ends this.
                if (grow(book, lease, line, wanted)) {
                    continue;
                }
                Amount rest = lease == null ? null : lease.holdUpTo(wanted, least, clock.instant());
                if (lease != null && rest != null) {
                    return new Hold(lease, rest);
                }
                if (lease == null || lease.isOpen()) {
                    throw new BudgetExhausted(line, least, lease == null ? Amount.ZERO : lease.free());
                }
            }
        } finally {
            book.refill.unlock();
        }
    }

    /** The book's lease; one that was closed gives back to the line first, or the line would look emptier than it is. */
    private @Nullable Lease openLease(Book book) {
        Lease lease = book.lease;
        if (lease != null && !lease.isOpen()) {
            close(lease.id(), "RETURNED");
            book.lease = null;
            return null;
        }
        return lease;
    }

    /** Moves money from the line to its lease, or to a new one; false when the line has none. */
    private boolean grow(Book book, @Nullable Lease lease, LineId line, Amount wanted) {
        Amount missing = lease == null ? wanted : wanted.minus(lease.free());
        Grant grant = granted(lease, line, missing.max(chunk));
        if (grant == null) {
            return false;
        }
        // Only what is durably taken from the line may be held.
        grant.lease.grow(grant.amount);
        if (lease != null && grant.lease != lease) {
            // Somebody recovered the old one.
            lease.abandon();
        }
        book.lease = grant.lease;
        return true;
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
        FreezeReason frozen = FrozenLines.reason(connection, line);
        if (frozen != null) {
            throw new LineFrozen(line, frozen);
        }
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

    /** Looks which lines are frozen or thawed by now, and gives back the leases of frozen ones that no call holds on to. */
    int recallFrozen() {
        if (books.isEmpty()) {
            return 0;
        }
        Map<LineId, FreezeReason> frozen = database.read(connection -> FrozenLines.among(connection, books.keySet()));
        int recalled = 0;
        for (Map.Entry<LineId, Book> each : books.entrySet()) {
            Book book = each.getValue();
            FreezeReason reason = frozen.get(each.getKey());
            book.frozen = reason;
            Lease lease = book.lease;
            if (reason != null && lease != null && lease.closeIfIdleSince(Instant.MAX) && close(lease.id(), "RETURNED")) {
                recalled++;
            }
        }
        return recalled;
    }

    /** Gives everything back. A call that still runs is fenced, so only when nothing is charged any more. */
    void returnAll() {
        for (Book book : books.values()) {
            Lease lease = book.lease;
            if (lease != null) {
                lease.abandon();
            }
        }
        returnIdle(Duration.ZERO);
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
