package farthing.webhook;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

import org.jboss.logging.Logger;

import farthing.identity.AccountId;
import farthing.money.Amount;

/**
 * Notices budgets of which 80 % or all is used. It reads what is durable, outside of calls: soon after a call, and from time to
 * time of all others.
 */
final class BudgetLook {

    private static final Logger LOG = Logger.getLogger(BudgetLook.class);
    private static final String KIND = "budget";
    private static final int[] PERCENTAGES = { 80, 100 };
    /** Clocks of servers differ, and a charge may take a moment until it is seen. */
    private static final Duration AGO = Duration.ofMinutes(1);
    /** Accounts without calls that are looked at each time. */
    private static final int OTHERS = 20;

    /** Who was charged for a call since then, and for the last one how much. */
    interface Calls {
        Map<AccountId, Amount> lastCharges(Collection<AccountId> accounts, Instant since);
    }

    private final Database database;
    private final Budget.Source budgets;
    private final Calls calls;
    private final Outbox outbox;
    private final Map<String, Object> token;
    private final Clock clock;

    BudgetLook(Database database, Budget.Source budgets, Calls calls, Outbox outbox, Map<String, Object> token, Clock clock) {
        this.database = database;
        this.budgets = budgets;
        this.calls = calls;
        this.outbox = outbox;
        this.token = token;
        this.clock = clock;
    }

    void look() {
        database.inTransaction(connection -> {
            Optional<Look> look = Look.begin(connection, KIND);
            if (look.isPresent()) {
                look(connection, look.get());
            }
            return true;
        });
    }

    private void look(Connection connection, Look look) throws SQLException {
        Instant now = clock.instant();
        List<Long> listeners = Look.listeners(connection, EventType.BUDGET_REACHED);
        Map<AccountId, Amount> active = listeners.isEmpty() ? Map.of()
                : calls.lastCharges(listeners.stream().map(AccountId::new).toList(), look.at().minus(AGO));
        Set<Long> next = new LinkedHashSet<>(active.keySet().stream().map(AccountId::value).toList());
        List<Long> others = listeners.stream().filter(account -> account > look.position()).limit(OTHERS).toList();
        next.addAll(others);
        for (long each : next) {
            AccountId account = new AccountId(each);
            List<Budget> found;
            try {
                found = budgets.of(account);
            } catch (RuntimeException e) {
                LOG.errorf(e, "the budgets of account %d cannot be looked at; it is tried again", each);
                continue;
            }
            for (Budget budget : found) {
                look(connection, account, budget, active.getOrDefault(account, Amount.ZERO), now);
            }
        }
        look.end(connection, others.size() < OTHERS ? 0 : others.getLast(), 0, now);
    }

    private void look(Connection connection, AccountId account, Budget budget, Amount lastCharge, Instant now)
            throws SQLException {
        for (int percent : PERCENTAGES) {
            Mark before = mark(connection, budget, percent);
            Mark after = before.look(budget.used(), budget.limit(), Mark.level(budget.limit(), percent, lastCharge));
            save(connection, budget, percent, before, after);
            if (after.times() > before.times()) {
                outbox.record(connection, account,
                        new Outbox.Happened(EventType.BUDGET_REACHED,
                                "budget:" + budget.name() + ":" + percent + ":" + after.times(), budget.subject(), now,
                                data(budget, percent)));
            }
        }
    }

    /** From now on somebody of the account listens; what is reached already is not news. */
    void begin(Connection connection, AccountId account) throws SQLException {
        // What another one looks at right now it ends first.
        Look.await(connection, KIND);
        for (Budget budget : budgets.of(account)) {
            for (int percent : PERCENTAGES) {
                Mark before = mark(connection, budget, percent);
                save(connection, budget, percent, before,
                        before.begun(budget.used(), budget.limit(), Mark.level(budget.limit(), percent, Amount.ZERO)));
            }
        }
    }

    private Map<String, Object> data(Budget budget, int percent) {
        Map<String, Object> data = new LinkedHashMap<>(budget.data());
        data.put("percent", percent);
        data.put("limit_nanos", budget.limit().nanos());
        data.put("used_nanos", budget.used().nanos());
        data.put("left_nanos", budget.limit().minus(budget.used()).max(Amount.ZERO).nanos());
        data.put("token", token);
        return data;
    }

    private static Mark mark(Connection connection, Budget budget, int percent) throws SQLException {
        return Database.list(connection, row -> {
            Long told = row.getObject("told_at", Long.class);
            return new Mark(Amount.ofNanos(row.getLong("used")), told == null ? null : Amount.ofNanos(told),
                    row.getInt("times"));
        }, "select used, told_at, times from webhook_budget where budget = ? and percent = ?", budget.name(), percent).stream()
                .findFirst().orElse(Mark.NEW);
    }

    private static void save(Connection connection, Budget budget, int percent, Mark before, Mark after) throws SQLException {
        if (!after.equals(before)) {
            Database.update(connection, """
                    insert into webhook_budget (budget, percent, used, told_at, times, day) values (?, ?, ?, ?, ?, ?)
                    on conflict (budget, percent) do update set used = excluded.used, told_at = excluded.told_at,
                        times = excluded.times""", budget.name(), percent, after.used().nanos(),
                    after.toldAt() == null ? null : after.toldAt().nanos(), after.times(), budget.day());
        }
    }
}
