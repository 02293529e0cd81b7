package farthing.metering;

import java.sql.Connection;
import java.sql.Date;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

import org.jspecify.annotations.Nullable;

import farthing.identity.ApiKeyId;
import farthing.identity.Caller;
import farthing.identity.KeyLimits;
import farthing.money.Amount;
import farthing.web.Problem;

/**
 * What keys may spend by their own limits, exact over all instances: what is durably spent and what instances hold open
 * together
 * never exceed a limit. A key without limits costs nothing here.
 */
final class KeyBudgets {

    /** For {@code pg_advisory_xact_lock(int, int)}: one grant of a key at a time. */
    private static final int LOCK = 0x6b657973;

    private final Database database;
    private final Clock clock;
    private final Instances instances;
    private final long instance;
    private final Recalls recalls;
    private final Map<ApiKeyId, KeyBook> books = new ConcurrentHashMap<>();

    KeyBudgets(Database database, Clock clock, Instances instances) {
        this.database = database;
        this.clock = clock;
        this.instances = instances;
        this.instance = instances.own();
        this.recalls = new Recalls(database, Recalls.Of.KEY, instances);
    }

    /**
     * Holds {@code wanted}, or what the key's limits leave of it; null for a key that has none.
     *
     * @throws KeyLimitReached when that is less than {@code least}
     * @throws BudgetHeldElsewhere when a server that does not answer holds the rest
     */
    @Nullable
    Hold<KeyLease> hold(Caller caller, Amount least, Amount wanted) {
        KeyLimits limits = caller.limits();
        if (limits.total() == null && limits.perDay() == null || wanted.isZero()) {
            KeyBook book = books.get(caller.key());
            if (book != null && !wanted.isZero()) {
                // What it spends from now on is counted when it has limits again.
                book.limits = null;
            }
            return null;
        }
        return books.computeIfAbsent(caller.key(), KeyBook::new).hold(limits, least, wanted);
    }

    /** @param which limit it is that leaves the least */
    private record Room(String which, Amount amount) {
    }

    private final class KeyBook extends Book<KeyLease> {

        private final ApiKeyId key;
        private volatile @Nullable Money limits;
        /** By which what is free now was granted; under others it is given back. */
        private volatile @Nullable Money grantedUnder;
        private Room room = new Room("total", Amount.ZERO);

        KeyBook(ApiKeyId key) {
            super(clock);
            this.key = key;
        }

        Hold<KeyLease> hold(KeyLimits now, Amount least, Amount wanted) {
            Money its = new Money(now.total(), now.perDay());
            limits = its;
            if (open() != null && !its.equals(grantedUnder)) {
                alone(arrived -> giveBack(its));
            }
            return hold(least, wanted);
        }

        @Override
        @Nullable
        Grant<KeyLease> grant(@Nullable KeyLease open, Amount least, Amount wanted, int growth, boolean ahead) {
            return database.<@Nullable Grant<KeyLease>> inTransaction(connection -> {
                lock(connection);
                Money now = limits == null ? NO_MORE : Objects.requireNonNull(limits);
                if (open == null) {
                    grantedUnder = now;
                }
                Room there = room(connection, now);
                room = there;
                // Alone on the key a server may have all of it: nobody has to wait for what it does not need.
                Amount usual = Amount
                        .ofNanos(there.amount.nanos() / (instances.others() == 0 ? 1 : 4 * (instances.others() + 1)));
                Amount amount = there.amount.min(wanted.max(usual));
                if (there.amount.isLessThan(least) || amount.isZero() || ahead && usual.isLessThan(wanted)) {
                    return null;
                }
                KeyLease lease = open != null && growRow(connection, open.id(), amount) ? open : newRow(connection, amount);
                return new Grant<>(lease, amount);
            });
        }

        private void lock(Connection connection) throws SQLException {
            try (PreparedStatement lock = connection.prepareStatement("select pg_advisory_xact_lock(?, ?)")) {
                lock.setInt(1, LOCK);
                lock.setInt(2, Long.hashCode(key.value()));
                lock.executeQuery().close();
            }
        }

        /** What is spent and what is held open, seen at one moment: a commit moves from one to the other. */
        private Room room(Connection connection, Money limits) throws SQLException {
            try (PreparedStatement select = connection.prepareStatement("""
                    select s.in_all, s.today, (select coalesce(sum(granted - used), 0) from key_lease where api_key = ?)
                    from (select coalesce(sum(nanos), 0) as in_all, coalesce(sum(nanos) filter (where day = ?), 0) as today
                        from key_spending where api_key = ?) s""")) {
                select.setLong(1, key.value());
                select.setDate(2, Date.valueOf(today()));
                select.setLong(3, key.value());
                try (ResultSet row = select.executeQuery()) {
                    row.next();
                    // What is open counts against today too: a call that ends after midnight is charged to the new day.
                    Amount open = Amount.ofNanos(row.getLong(3));
                    Room total = new Room("total", left(limits.total, Amount.ofNanos(row.getLong(1)), open));
                    Room day = new Room("daily", left(limits.perDay, Amount.ofNanos(row.getLong(2)), open));
                    return day.amount.isLessThan(total.amount) ? day : total;
                }
            }
        }

        private KeyLease newRow(Connection connection, Amount amount) throws SQLException {
            KeyLease lease = new KeyLease(LeaseId.random(), clock.instant());
            try (PreparedStatement insert = connection.prepareStatement(
                    "insert into key_lease (id, api_key, instance, granted, opened_at) values (?, ?, ?, ?, ?)")) {
                insert.setLong(1, lease.id().value());
                insert.setLong(2, key.value());
                insert.setLong(3, instance);
                insert.setLong(4, amount.nanos());
                insert.setTimestamp(5, Timestamp.from(clock.instant()));
                insert.executeUpdate();
                return lease;
            }
        }

        private boolean giveBack(Money its) {
            KeyLease lease = open();
            if (lease == null || its.equals(grantedUnder)) {
                return false;
            }
            giveBack(lease.id(),
                    free -> database.inTransaction(connection -> growRow(connection, lease.id(), free.negated())));
            // Not before that is confirmed: what its row still has may be spent again, and other limits granted it.
            grantedUnder = its;
            return true;
        }

        @Override
        @Nullable
        Amount reread(@Nullable KeyLease open) {
            for (LeaseId id : rows()) {
                if (open == null || !id.equals(open.id())) {
                    remove(id);
                }
            }
            return open == null ? null : grantedBy(open.id());
        }

        /** Of this instance, with one whose grant was still under way. */
        private List<LeaseId> rows() {
            return database.read(connection -> {
                lock(connection);
                try (PreparedStatement select = connection
                        .prepareStatement("select id from key_lease where api_key = ? and instance = ?")) {
                    select.setLong(1, key.value());
                    select.setLong(2, instance);
                    List<LeaseId> ids = new ArrayList<>();
                    try (ResultSet row = select.executeQuery()) {
                        while (row.next()) {
                            ids.add(new LeaseId(row.getLong(1)));
                        }
                    }
                    return ids;
                }
            });
        }

        @Override
        Asked askOthers() {
            return recalls.ask(key.value());
        }

        @Override
        void end(KeyLease closed) {
            remove(closed.id());
        }

        @Override
        Problem exhausted(Amount least, Amount available) {
            return new KeyLimitReached(room.which, least, available.plus(room.amount));
        }

        @Override
        Problem heldElsewhere(Amount least) {
            return new BudgetHeldElsewhere("this key's " + room.which + " limit", least);
        }
    }

    /** Of a key whose limits were just lifted: whoever still comes with the old ones gets nothing ahead of need. */
    private static final Money NO_MORE = new Money(Amount.ZERO, null);

    /** The limits that are sums of money. */
    private record Money(@Nullable Amount total, @Nullable Amount perDay) {
    }

    private static Amount left(@Nullable Amount limit, Amount spent, Amount open) {
        return limit == null ? Amount.ofNanos(Long.MAX_VALUE) : limit.minus(spent).minus(open).max(Amount.ZERO);
    }

    private LocalDate today() {
        return LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
    }

    private boolean growRow(Connection connection, LeaseId id, Amount amount) throws SQLException {
        try (PreparedStatement update = connection
                .prepareStatement("update key_lease set granted = granted + ? where id = ? and instance = ?")) {
            update.setLong(1, amount.nanos());
            update.setLong(2, id.value());
            update.setLong(3, instance);
            return update.executeUpdate() == 1;
        }
    }

    /** Waits, by the row's lock, for a change that is still under way; null where others took it over. */
    private @Nullable Amount grantedBy(LeaseId id) {
        return database.<@Nullable Amount> read(connection -> {
            try (PreparedStatement select = connection
                    .prepareStatement("select granted from key_lease where id = ? and instance = ? for no key update")) {
                select.setLong(1, id.value());
                select.setLong(2, instance);
                try (ResultSet row = select.executeQuery()) {
                    return row.next() ? Amount.ofNanos(row.getLong(1)) : null;
                }
            }
        });
    }

    /** Gives back what other instances asked for and no call here holds. */
    void answerRecalls() {
        recalls.answer(books.values(), (connection, id, amount) -> {
            // What is not held open is there for others.
        });
    }

    /** Gives back what no call used for a while, and what an unknown outcome left without an owner. */
    void returnIdle(Duration idle) {
        Instant now = clock.instant();
        // In this order: what was open by then has its row, unless others took it over, and then no call should begin on it.
        List<KeyLease> open = books.values().stream().map(KeyBook::open).filter(Objects::nonNull).toList();
        Map<LeaseId, ApiKeyId> rows = own();
        open.stream().filter(lease -> !rows.containsKey(lease.id())).forEach(KeyLease::abandon);
        rows.forEach((id, key) -> {
            KeyBook book = books.get(key);
            if (book == null) {
                remove(id);
            } else if (book.letsGo(id, idle, now)) {
                remove(id);
                book.forget(id);
            }
        });
    }

    private Map<LeaseId, ApiKeyId> own() {
        return database.read(connection -> {
            try (PreparedStatement select = connection
                    .prepareStatement("select id, api_key from key_lease where instance = ?")) {
                select.setLong(1, instance);
                Map<LeaseId, ApiKeyId> leases = new HashMap<>();
                try (ResultSet rows = select.executeQuery()) {
                    while (rows.next()) {
                        leases.put(new LeaseId(rows.getLong(1)), new ApiKeyId(rows.getLong(2)));
                    }
                }
                return leases;
            }
        });
    }

    void returnAll() {
        for (KeyBook book : books.values()) {
            KeyLease lease = book.open();
            if (lease != null) {
                lease.abandon();
            }
        }
        returnIdle(Duration.ZERO);
    }

    /** Gives back what instances hold that were not seen for so long; their writers are fenced. */
    void recoverUnseenFor(Duration unseen) {
        database.inTransaction(connection -> {
            try (PreparedStatement delete = connection.prepareStatement("""
                    delete from key_lease where instance <> ? and instance in (
                        select i.id from instance i where i.seen_at <= ?)""")) {
                delete.setLong(1, instance);
                delete.setTimestamp(2, Timestamp.from(instances.unseenSince(connection, unseen)));
                return delete.executeUpdate();
            }
        });
    }

    /** Waits for a commit that is just charging on it. */
    private void remove(LeaseId id) {
        database.inTransaction(connection -> {
            try (PreparedStatement delete = connection
                    .prepareStatement("delete from key_lease where id = ? and instance = ?")) {
                delete.setLong(1, id.value());
                delete.setLong(2, instance);
                return delete.executeUpdate();
            }
        });
    }
}
