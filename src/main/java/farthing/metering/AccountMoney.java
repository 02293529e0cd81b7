package farthing.metering;

import java.sql.Date;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Clock;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import javax.sql.DataSource;

import jakarta.inject.Singleton;

import farthing.identity.AccountId;
import farthing.identity.ApiKeyId;
import farthing.identity.ApiKeys;
import farthing.identity.KeySpending;
import farthing.identity.LineBalances;
import farthing.identity.Lines;
import farthing.ledger.Account;
import farthing.ledger.Ledger;
import farthing.ledger.LineId;
import farthing.money.Amount;
import farthing.web.Budgets;
import farthing.web.Viewer;

/** What an account has and what its keys spent, for the pages of other packages. */
@Singleton
class AccountMoney implements Budgets, LineBalances, KeySpending {

    private final Database database;
    private final Ledger ledger;
    private final Lines lines;
    private final ApiKeys keys;
    private final Clock clock;

    AccountMoney(DataSource source, Ledger ledger, Lines lines, ApiKeys keys, Clock clock) {
        this.database = new Database(source);
        this.ledger = ledger;
        this.lines = lines;
        this.keys = keys;
        this.clock = clock;
    }

    @Override
    public Optional<Amount> leftOf(Viewer viewer) {
        return Optional.of(left(AccountId.of(viewer)));
    }

    /** Over all lines. What leases hold is not spent yet, so it counts as left. */
    Amount left(AccountId account) {
        return Amount.sum(balances(account).values().stream().map(Balance::left)::iterator);
    }

    @Override
    public Map<LineId, Balance> balances(AccountId account) {
        // Asked before we hold a connection: it takes one of its own, and readers that hold one and want another starve each other.
        List<LineId> own = lines.of(account);
        return database.read(connection -> {
            Map<LineId, Balance> balances = new LinkedHashMap<>();
            for (LineId line : own) {
                Amount deposited = ledger.sumOf(connection, "deposit", Account.line(line));
                Amount left = ledger.balance(connection, Account.line(line))
                        .plus(ledger.balance(connection, Account.leased(line)));
                balances.put(line, new Balance(deposited, deposited.minus(left), left));
            }
            return balances;
        });
    }

    @Override
    public Map<ApiKeyId, Spent> spent(AccountId account) {
        Long[] ids = keys.namesOf(account).keySet().stream().map(ApiKeyId::value).toArray(Long[]::new);
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement("""
                    select api_key, sum(nanos), coalesce(sum(nanos) filter (where day = ?), 0) from key_spending
                    where api_key = any (?) group by api_key""")) {
                select.setDate(1, Date.valueOf(LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC)));
                select.setArray(2, connection.createArrayOf("bigint", ids));
                Map<ApiKeyId, Spent> spent = new LinkedHashMap<>();
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        spent.put(new ApiKeyId(row.getLong(1)),
                                new Spent(Amount.ofNanos(row.getLong(3)), Amount.ofNanos(row.getLong(2))));
                    }
                }
                return spent;
            }
        });
    }
}
