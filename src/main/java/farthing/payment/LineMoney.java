package farthing.payment;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import javax.sql.DataSource;

import jakarta.inject.Singleton;

import farthing.identity.AccountId;
import farthing.identity.LineBalances;
import farthing.identity.Lines;
import farthing.ledger.Account;
import farthing.ledger.Ledger;
import farthing.ledger.LineId;
import farthing.money.Amount;
import farthing.web.Budgets;
import farthing.web.Viewer;

/** What an account has on its lines, for the pages of other packages. */
@Singleton
class LineMoney implements Budgets, LineBalances {

    private final DataSource source;
    private final Ledger ledger;
    private final Lines lines;

    LineMoney(DataSource source, Ledger ledger, Lines lines) {
        this.source = source;
        this.ledger = ledger;
        this.lines = lines;
    }

    @Override
    public Optional<Amount> leftOf(Viewer viewer) {
        return Optional.of(Amount.sum(balances(AccountId.of(viewer)).values().stream().map(Balance::left)::iterator));
    }

    @Override
    public Map<LineId, Balance> balances(AccountId account) {
        // Asked before we hold a connection: it takes one of its own, and readers that hold one and want another starve each other.
        List<LineId> own = lines.of(account);
        try (Connection connection = source.getConnection()) {
            Map<LineId, Balance> balances = new LinkedHashMap<>();
            for (LineId line : own) {
                Detail detail = detail(connection, line);
                balances.put(line, new Balance(detail.deposited, detail.used, detail.left().plus(detail.leased)));
            }
            return balances;
        } catch (SQLException e) {
            throw new IllegalStateException("cannot read the balances of account " + account.value(), e);
        }
    }

    /**
     * @param locked deposited beyond the ceiling
     * @param leased lent to servers for calls, and not spent yet
     * @param left on the line itself
     */
    record Detail(Amount deposited, Amount locked, Amount used, Amount leased, Amount left) {
    }

    Detail detail(Connection connection, LineId line) throws SQLException {
        Account onLine = Account.line(line);
        Amount spendable = ledger.sumOf(connection, "deposit", onLine);
        Amount deposited = spendable.plus(ledger.sumOf(connection, "deposit", Account.locked(line)));
        Amount left = ledger.balance(connection, onLine);
        Amount leased = ledger.balance(connection, Account.leased(line));
        Amount paidOut = ledger.sumOf(connection, "exit", onLine).plus(ledger.sumOf(connection, "exit undone", onLine));
        return new Detail(deposited, ledger.balance(connection, Account.locked(line)),
                spendable.plus(paidOut).minus(left).minus(leased), leased, left);
    }
}
