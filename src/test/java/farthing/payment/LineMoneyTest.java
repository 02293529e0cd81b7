package farthing.payment;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;

import javax.sql.DataSource;

import jakarta.inject.Inject;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import farthing.TestDatabase;
import farthing.identity.Demo;
import farthing.identity.Lines;
import farthing.ledger.Account;
import farthing.ledger.Ledger;
import farthing.ledger.LineId;
import farthing.metering.Metering;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;

@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class LineMoneyTest {

    @Inject
    LineMoney money;
    @Inject
    Demo demo;
    @Inject
    Lines lines;
    @Inject
    Metering metering;
    @Inject
    Ledger ledger;
    @Inject
    DataSource source;

    @Test
    void moreReadersThanConnectionsDoNotStarveEachOther() throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var readers = IntStream.range(0, 200).mapToObj(i -> threads.submit(() -> money.balances(demo.caller()))).toList();
            for (var reader : readers) {
                assertThat(reader.get()).isNotNull();
            }
        }
    }

    @Test
    void whatIsLeasedIsWhatTheLedgerSays() throws Exception {
        try (Connection connection = source.getConnection()) {
            for (LineId line : lines.of(demo.caller())) {
                connection.setAutoCommit(false);
                connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
                assertThat(metering.leased(connection, line)).isEqualTo(ledger.balance(connection, Account.leased(line)));
                connection.rollback();
                connection.setAutoCommit(true);
            }
        }
    }
}
