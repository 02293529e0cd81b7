package farthing.webhook;

import java.time.Clock;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import jakarta.inject.Singleton;

import farthing.identity.AccountId;
import farthing.identity.ApiKeyId;
import farthing.identity.ApiKeys;
import farthing.identity.KeySpending;
import farthing.identity.LineBalances;
import farthing.identity.Lines;
import farthing.ledger.LineId;
import farthing.money.Amount;

/** The lines of an account that take calls, and its keys' own limits. */
@Singleton
class AccountBudgets implements Budget.Source {

    private final Lines lines;
    private final LineBalances balances;
    private final ApiKeys keys;
    private final KeySpending spending;
    private final Clock clock;

    AccountBudgets(Lines lines, LineBalances balances, ApiKeys keys, KeySpending spending, Clock clock) {
        this.lines = lines;
        this.balances = balances;
        this.keys = keys;
        this.spending = spending;
        this.clock = clock;
    }

    @Override
    public List<Budget> of(AccountId account) {
        List<Budget> budgets = new ArrayList<>();
        Map<LineId, String> labels = lines.labelsOf(account);
        balances.balances(account).forEach((line, balance) -> {
            // A line that is left has nothing left, which is no news to whoever left it.
            if (balances.takesCalls(line)) {
                Map<String, Object> data = new LinkedHashMap<>();
                data.put("budget", "line");
                data.put("line", Integer.toUnsignedLong(line.value()));
                data.put("label", labels.getOrDefault(line, ""));
                budgets.add(new Budget("line:" + line, null, "line/" + line, balance.used(),
                        balance.used().plus(balance.left()), data));
            }
        });
        List<ApiKeys.Limited> limited = keys.limited(account);
        if (!limited.isEmpty()) {
            // Before what is spent today is read: if midnight comes between, yesterday's limit sees less, never more.
            LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
            Map<ApiKeyId, KeySpending.Spent> spent = spending.spent(account);
            limited.forEach(key -> add(budgets, key, spent.getOrDefault(key.id(), KeySpending.Spent.NOTHING), today));
        }
        return budgets;
    }

    private static void add(List<Budget> budgets, ApiKeys.Limited key, KeySpending.Spent spent, LocalDate today) {
        Amount total = key.limits().total();
        Amount perDay = key.limits().perDay();
        String name = "key:" + key.id().value();
        String subject = "key/" + key.id().value();
        if (total != null) {
            budgets.add(new Budget(name, null, subject, spent.inAll(), total, data("key_total", key)));
        }
        if (perDay != null) {
            Map<String, Object> data = data("key_daily", key);
            data.put("day", today.toString());
            budgets.add(new Budget(name + ":" + today, today, subject, spent.today(), perDay, data));
        }
    }

    private static Map<String, Object> data(String which, ApiKeys.Limited key) {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("budget", which);
        data.put("key", key.id().value());
        data.put("name", key.name());
        return data;
    }
}
