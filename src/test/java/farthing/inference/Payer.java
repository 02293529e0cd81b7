package farthing.inference;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;

import javax.sql.DataSource;

import jakarta.inject.Singleton;

import farthing.TestLines;
import farthing.identity.AccountId;
import farthing.identity.ApiKeys;
import farthing.identity.Demo;
import farthing.identity.KeyLimits;
import farthing.identity.Lines;
import farthing.identity.NewApiKey;
import farthing.ledger.Account;
import farthing.ledger.Entry;
import farthing.ledger.Ledger;
import farthing.ledger.LineId;
import farthing.money.Amount;

/** Makes payers for tests: a line of its own with the sum asked for, and a key to it. */
@Singleton
class Payer {

    private final Demo demo;
    private final Lines lines;
    private final ApiKeys keys;
    private final Ledger ledger;
    private final DataSource source;
    private final Clock clock;

    Payer(Demo demo, Lines lines, ApiKeys keys, Ledger ledger, DataSource source, Clock clock) {
        this.demo = demo;
        this.lines = lines;
        this.keys = keys;
        this.ledger = ledger;
        this.source = source;
        this.clock = clock;
    }

    AccountId account() {
        return demo.caller();
    }

    LineId line(Amount funds) throws SQLException {
        LineId line = TestLines.adopted(lines, account());
        if (!funds.isZero()) {
            try (Connection connection = source.getConnection()) {
                connection.setAutoCommit(false);
                ledger.open(connection, Account.deposits());
                ledger.open(connection, Account.line(line));
                ledger.post(connection, Entry.transfer("deposit", "test:" + line, clock.instant(), Account.deposits(),
                        Account.line(line), funds));
                connection.commit();
                connection.setAutoCommit(true);
            }
        }
        return line;
    }

    NewApiKey key(LineId line, KeyLimits limits) {
        return keys.create(account(), line, "test", limits, null);
    }

    /** The secret of a new key on a new line. */
    String with(Amount funds) throws SQLException {
        return key(line(funds), KeyLimits.NONE).secret();
    }

    /** What is left on a line and in its leases. */
    Amount left(LineId line) throws SQLException {
        try (Connection connection = source.getConnection()) {
            return ledger.balance(connection, Account.line(line)).plus(ledger.balance(connection, Account.leased(line)));
        }
    }
}
