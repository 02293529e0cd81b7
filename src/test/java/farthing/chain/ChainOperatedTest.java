package farthing.chain;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

import javax.sql.DataSource;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import farthing.TestClock;
import farthing.TestDatabase;
import farthing.web.Operated.Concern;
import farthing.web.Operated.Fact;

class ChainOperatedTest {

    private static final DataSource DATABASE = TestDatabase.separate("chain_operated");
    private static final SigningKey KEY = SigningKey.generate(new SecureRandom());
    private static final Address ANY = new Address("0x00000000000000000000000000000000000fa401");

    private final TestClock clock = new TestClock(Instant.parse("2026-05-01T12:00:00Z"));
    private Optional<ChainStatus.Away> away = Optional.empty();
    private final ChainOperated operated = new ChainOperated(DATABASE, new MirroredLog(), () -> away,
            new Deployment(31337, ANY, ANY, ANY, KEY.address(), URI.create("http://127.0.0.1:1"), null, Duration.ofDays(1),
                    Duration.ofDays(7)),
            new OperatorKey(KEY), clock);

    @BeforeEach
    void aTransactionThatWasSentAMomentAgo() throws SQLException {
        run("truncate chain_transaction cascade");
        run("insert into chain_transaction (purpose, key, target, data, gas, nonce) values ('batch 1', 'k', 't', '\\x', 1, 0)");
        run("insert into chain_signed select id, 1, 0, 'h', '\\x', 1, 1, '2026-05-01 11:59:00Z' from chain_transaction");
    }

    @Test
    void whatIsOnItsWayIsNoConcern() {
        assertThat(operated.concerns()).isEmpty();
        assertThat(operated.facts()).contains(new Fact("Node", "answers"), new Fact("Transactions in no block yet", "1"),
                new Fact("Transactions not sent yet", "0"));
    }

    @Test
    void aNodeThatIsAwayIsOne() {
        away = Optional.of(new ChainStatus.Away(clock.instant(), "connection refused."));

        assertThat(operated.concerns()).extracting(Concern::id).containsExactly("chain-away");
        assertThat(operated.concerns().getFirst().what()).contains("connection refused.", "settlement waits");
    }

    @Test
    void aTransactionThatIsInNoBlockForLongIsOne() {
        clock.advance(Duration.ofMinutes(15));

        assertThat(operated.concerns()).singleElement().satisfies(concern -> {
            assertThat(concern.what()).isEqualTo("The transaction 'batch 1' was sent and is in no block.");
            assertThat(concern.since()).isEqualTo("2026-05-01T11:59:00Z");
        });
    }

    @Test
    void aTransactionThatCannotGoIsOneAndSaysWhereGasIsWanted() throws SQLException {
        run("insert into chain_transaction (purpose, key, target, data, fault) values ('withdraw 2', 'k', 't', '\\x', 'no gas')");

        assertThat(operated.concerns()).singleElement().satisfies(concern -> {
            assertThat(concern.what()).isEqualTo("The transaction 'withdraw 2' cannot go: no gas.");
            assertThat(concern.advice()).contains(KEY.address().text());
        });
    }

    private static void run(String sql) throws SQLException {
        try (var connection = DATABASE.getConnection(); var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
