package farthing.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import farthing.TestDatabase;
import farthing.money.Amount;

class LedgerTest {

    private static final Instant NOW = Instant.parse("2026-11-01T00:00:00Z");

    private final Ledger ledger = new Ledger();
    private final LineId line = new LineId(ThreadLocalRandom.current().nextInt());
    private Connection connection;

    @BeforeEach
    void open() throws SQLException {
        connection = TestDatabase.migrated().getConnection();
        connection.setAutoCommit(false);
        ledger.open(connection, Account.deposits());
        ledger.open(connection, Account.line(line));
        connection.commit();
    }

    @AfterEach
    void close() throws SQLException {
        connection.rollback();
        connection.close();
    }

    @Test
    void movesMoneyAndKnowsBothBalances() throws SQLException {
        Amount before = ledger.balance(connection, Account.deposits());
        ledger.post(connection, deposit("d1:" + line, 500));
        connection.commit();
        assertThat(ledger.balance(connection, Account.line(line))).isEqualTo(Amount.ofNanos(500));
        assertThat(before.minus(ledger.balance(connection, Account.deposits()))).isEqualTo(Amount.ofNanos(500));
    }

    @Test
    void refusesToTakeMoreThanALineHas() throws SQLException {
        ledger.post(connection, deposit("d2:" + line, 500));
        connection.commit();
        assertThatThrownBy(() -> ledger.post(connection,
                Entry.transfer("test", "t:" + line, NOW, Account.line(line), Account.deposits(), Amount.ofNanos(501))))
                .isInstanceOf(InsufficientFunds.class);
        connection.rollback();
        assertThat(ledger.balance(connection, Account.line(line))).isEqualTo(Amount.ofNanos(500));
    }

    @Test
    void refusesTheSameFactTwice() throws SQLException {
        ledger.post(connection, deposit("d3:" + line, 500));
        connection.commit();
        assertThatThrownBy(() -> ledger.post(connection, deposit("d3:" + line, 500))).isInstanceOf(SQLException.class)
                .hasMessageContaining("ledger_entry_fact_key");
    }

    @Test
    void refusesAnEntryThatDoesNotAddUp() {
        assertThatThrownBy(() -> new Entry("test", "x", NOW, List.of(new Posting(Account.line(line), Amount.ofNanos(1)))))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("instead of zero");
    }

    @Test
    void theDatabaseItselfRefusesAnEntryThatDoesNotAddUp() throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(
                    "insert into ledger_entry (kind, fact, created_at) values ('test', 'crooked:" + line + "', now())");
            statement.execute(
                    "insert into ledger_posting select e.id, a.id, 1 from ledger_entry e, ledger_account a where e.fact = 'crooked:"
                            + line + "' and a.code = 'line:" + line + "'");
            assertThatThrownBy(connection::commit).isInstanceOf(SQLException.class).hasMessageContaining("add up to zero");
        }
    }

    @Test
    void nothingIsEverChanged() throws SQLException {
        ledger.post(connection, deposit("d4:" + line, 500));
        connection.commit();
        for (String change : List.of("update ledger_posting set nanos = 1", "delete from ledger_posting",
                "update ledger_entry set kind = 'x'", "delete from ledger_entry")) {
            try (var statement = connection.createStatement()) {
                assertThatThrownBy(() -> statement.execute(change)).hasMessageContaining("append-only");
            }
            connection.rollback();
        }
    }

    @Test
    void namesAnAccountThatWasNeverOpened() {
        LineId unknown = new LineId(ThreadLocalRandom.current().nextInt());
        assertThatThrownBy(() -> ledger.post(connection, Entry.transfer("test", "u:" + unknown, NOW, Account.deposits(),
                Account.leased(unknown), Amount.ofNanos(1)))).hasMessageContaining("leased:" + unknown + " was never opened");
    }

    private Entry deposit(String fact, long nanos) {
        return Entry.transfer("deposit", fact, NOW, Account.deposits(), Account.line(line), Amount.ofNanos(nanos));
    }
}
