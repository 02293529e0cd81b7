package farthing.payment;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;

import javax.sql.DataSource;

import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import farthing.identity.Demo;
import farthing.identity.Lines;
import farthing.ledger.Account;
import farthing.ledger.Entry;
import farthing.ledger.Ledger;
import farthing.ledger.LineId;
import farthing.money.Amount;
import io.quarkus.runtime.StartupEvent;

/** Funds the line of the trial's caller once, with play money. */
@Singleton
class Genesis {

    private static final Amount FUNDS = Amount.ofTokens(25);
    private static final LineId FIRST = new LineId(1);
    private static final int AFTER_PEOPLE = 20;

    private final Demo demo;
    private final Lines lines;
    private final Ledger ledger;
    private final DataSource source;
    private final Clock clock;

    Genesis(Demo demo, Lines lines, Ledger ledger, DataSource source, Clock clock) {
        this.demo = demo;
        this.lines = lines;
        this.ledger = ledger;
        this.source = source;
        this.clock = clock;
    }

    void start(@Observes @Priority(AFTER_PEOPLE) StartupEvent event) throws SQLException {
        if (demo.offered()) {
            lines.adopt(FIRST, demo.caller(), "line " + FIRST);
            fund(FIRST);
        }
    }

    private void fund(LineId line) throws SQLException {
        try (Connection connection = source.getConnection()) {
            connection.setAutoCommit(false);
            ledger.open(connection, Account.deposits());
            ledger.open(connection, Account.line(line));
            if (ledger.sumOf(connection, "deposit", Account.line(line)).isZero()) {
                ledger.post(connection, Entry.transfer("deposit", "genesis:" + line, clock.instant(), Account.deposits(),
                        Account.line(line), FUNDS));
            }
            connection.commit();
            connection.setAutoCommit(true);
        }
    }
}
