package farthing.payment;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
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
import farthing.metering.Metering;
import farthing.money.Amount;
import farthing.web.Budgets;
import farthing.web.Viewer;

/** What an account has on its lines, for the pages of other packages. */
@Singleton
class LineMoney implements Budgets, LineBalances {

    /**
     * Deposited, brought to the line for calls, and left of that, with what leases hold. In one statement, which sees one
     * moment:
     * a lease that is returned between two would count as used.
     */
    private static final String BALANCES = """
            select x.line, coalesce(p.deposited, 0), coalesce(p.spendable - p.swept_line, 0), coalesce(a.balance, 0)
                + (select coalesce(sum(l.granted - l.used), 0) from lease l where l.line = x.line and l.state = 'OPEN')
            from unnest(?) x (line) left join payment_line p on p.line = x.line
            left join ledger_account a on a.code = 'line:' || (x.line::bigint & 4294967295)""";

    private final DataSource source;
    private final Ledger ledger;
    private final Lines lines;
    private final Metering metering;

    LineMoney(DataSource source, Ledger ledger, Lines lines, Metering metering) {
        this.source = source;
        this.ledger = ledger;
        this.lines = lines;
        this.metering = metering;
    }

    @Override
    public Optional<Amount> leftOf(Viewer viewer) {
        return Optional.of(Amount.sum(balances(AccountId.of(viewer)).values().stream().map(Balance::left)::iterator));
    }

    @Override
    public Map<LineId, Balance> balances(AccountId account) {
        // Asked before we hold a connection: it takes one of its own, and readers that hold one and want another starve each other.
        List<LineId> own = lines.of(account);
        try (Connection connection = source.getConnection(); PreparedStatement select = connection.prepareStatement(BALANCES)) {
            select.setArray(1, connection.createArrayOf("integer", own.stream().map(LineId::value).toArray(Integer[]::new)));
            Map<LineId, Balance> balances = new LinkedHashMap<>();
            own.forEach(line -> balances.put(line, new Balance(Amount.ZERO, Amount.ZERO, Amount.ZERO)));
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    Amount left = Amount.ofNanos(row.getLong(4));
                    balances.put(new LineId(row.getInt(1)), new Balance(Amount.ofNanos(row.getLong(2)),
                            Amount.ofNanos(row.getLong(3)).minus(left), left));
                }
            }
            return balances;
        } catch (SQLException e) {
            throw new IllegalStateException("cannot read the balances of account " + account.value(), e);
        }
    }

    @Override
    public boolean takesCalls(LineId line) {
        try (Connection connection = source.getConnection()) {
            return metering.frozen(connection, line).isEmpty();
        } catch (SQLException e) {
            throw new IllegalStateException("cannot read whether line " + line + " is frozen", e);
        }
    }

    /**
     * @param locked deposited beyond the ceiling
     * @param leased lent to servers for calls, and not spent yet
     * @param left on the line itself
     */
    record Detail(Amount deposited, Amount locked, Amount used, Amount leased, Amount left) {
    }

    /** From the rows that are kept beside the ledger: its postings are many, and every page's top bar asks. */
    Detail detail(Connection connection, LineId line) throws SQLException {
        Amount left = ledger.balance(connection, Account.line(line));
        Amount leased = metering.leased(connection, line);
        LineBooks.Sums booked = LineBooks.sums(connection, line);
        return new Detail(booked.deposited(), booked.locked(), booked.onLine().minus(left).minus(leased), leased, left);
    }
}
