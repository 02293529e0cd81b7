package farthing.metering;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import farthing.money.Amount;

/**
 * How instances ask each other for what lies free in their allowances of one budget: a counter in each row says how often it
 * was
 * asked for, another up to where its owner has answered.
 */
final class Recalls {

    private static final Duration PAUSE = Duration.ofMillis(15);

    /** The two kinds of allowance and their tables. */
    enum Of {
        LINE("lease", "line = ? and state = 'OPEN'", "state = 'OPEN'"),
        KEY("key_lease", "api_key = ?", "true");

        private final String table;
        private final String ofBudget;
        private final String isOpen;

        Of(String table, String ofBudget, String isOpen) {
            this.table = table;
            this.ofBudget = ofBudget;
            this.isOpen = isOpen;
        }
    }

    /** @param asker the least of the instances that wait for the answer */
    private record Request(LeaseId id, int count, long asker) {
    }

    private final Database database;
    private final Of of;
    private final long instance;
    private final Duration patience;

    Recalls(Database database, Of of, Instances instances) {
        this.database = database;
        this.of = of;
        this.instance = instances.own();
        this.patience = instances.recallPatience();
    }

    /** Asks all others that have an open allowance of the budget and waits for their answers, but not for ever. */
    Book.Asked ask(long budget) {
        Map<Long, Integer> waiting = database.inTransaction(connection -> request(connection, budget));
        if (waiting.isEmpty()) {
            return Book.Asked.NOTHING_ELSEWHERE;
        }
        long until = System.nanoTime() + patience.toNanos();
        while (!answered(waiting)) {
            if (System.nanoTime() - until > 0) {
                return Book.Asked.UNANSWERED;
            }
            pause();
        }
        return Book.Asked.ANSWERED;
    }

    private Map<Long, Integer> request(Connection connection, long budget) throws SQLException {
        // In the order of the ids, in which writers lock these rows, too.
        try (PreparedStatement update = connection.prepareStatement("""
                with asked as (select id from %s where %s and instance <> ? and granted > used order by id for no key update)
                update %s l set recall = recall + 1, recall_by = least(recall_by, ?) from asked where l.id = asked.id
                returning l.id, l.recall""".formatted(of.table, of.ofBudget, of.table))) {
            update.setLong(1, budget);
            update.setLong(2, instance);
            update.setLong(3, instance);
            Map<Long, Integer> asked = new HashMap<>();
            try (ResultSet row = update.executeQuery()) {
                while (row.next()) {
                    asked.put(row.getLong(1), row.getInt(2));
                }
            }
            return asked;
        }
    }

    private boolean answered(Map<Long, Integer> waiting) {
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement(
                    "select id, recalled from %s where id = any (?) and %s".formatted(of.table, of.isOpen))) {
                select.setArray(1, connection.createArrayOf("bigint", waiting.keySet().toArray()));
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        if (row.getInt(2) < waiting.getOrDefault(row.getLong(1), 0)) {
                            return false;
                        }
                    }
                }
                return true;
            }
        });
    }

    /** What others ask of this instance and have no answer to. */
    private List<Request> requests() {
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement(
                    "select id, recall, recall_by from %s where instance = ? and recall > recalled and %s".formatted(of.table,
                            of.isOpen))) {
                select.setLong(1, instance);
                List<Request> requests = new ArrayList<>();
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        requests.add(new Request(new LeaseId(row.getLong(1)), row.getInt(2), row.getLong(3)));
                    }
                }
                return requests;
            }
        });
    }

    /** Gives back what others asked for and no call here holds. */
    void answer(Collection<? extends Book<?>> books, GivenBack givenBack) {
        for (Request request : requests()) {
            Book<?> book = books.stream().filter(each -> each.hasOpen(request.id)).findFirst().orElse(null);
            if (book != null && book.isGathering() && instance < request.asker) {
                // Two that gather for a last call each would take it out of each other's hands for ever.
                continue;
            }
            Allowance open = book == null ? null : book.open();
            if (book == null || open == null || !open.isOpen()) {
                // It goes back whole when tidied up. Nobody should hear that there is nothing to be had before it has.
                continue;
            }
            book.giveBack(request.id, free -> database.inTransaction(connection -> {
                if (shrink(connection, request, free) && !free.isZero()) {
                    givenBack.in(connection, request.id, free);
                }
                return true;
            }));
        }
    }

    /** What else an answer means, in its transaction. */
    interface GivenBack {
        void in(Connection connection, LeaseId id, Amount amount) throws SQLException;
    }

    /** @return whether the row is still there and this instance's */
    private boolean shrink(Connection connection, Request request, Amount by) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement("""
                update %s set granted = granted - ?, recalled = ?, recall_by = case when recall = ? then null else recall_by end
                where id = ? and instance = ? and %s""".formatted(of.table, of.isOpen))) {
            update.setLong(1, by.nanos());
            update.setInt(2, request.count);
            update.setInt(3, request.count);
            update.setLong(4, request.id.value());
            update.setLong(5, instance);
            return update.executeUpdate() == 1;
        }
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
