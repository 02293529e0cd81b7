package farthing.chain;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;

import javax.sql.DataSource;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import farthing.TestChain;
import farthing.TestDatabase;
import farthing.chain.Transactions.Sent;
import farthing.chain.Transactions.State;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;

/** The application with its chain: what is queued is sent and followed without anybody asking. */
@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
@Timeout(60)
class FollowerTest {

    @Inject
    DataSource source;
    @Inject
    Transactions transactions;
    @Inject
    ChainLog log;
    @Inject
    ChainStatus status;
    @Inject
    OperatorKey operator;
    @Inject
    VaultCalls calls;
    @Inject
    Seen seen;

    @Singleton
    static class Seen {
        final AtomicLong head = new AtomicLong(-1);

        void advanced(@Observes ChainAdvanced advanced) {
            head.set(advanced.position().head().number());
        }
    }

    @Test
    void whatIsQueuedBecomesFinalAndTheMirrorShowsIt() throws Exception {
        Database database = new Database(source);
        String purpose = "follower " + UUID.randomUUID();
        Address key = operator.key().address();
        database.inTransaction(connection -> {
            transactions.queue(connection, purpose, key, calls.openLine(key));
            return true;
        });
        Sent sent = await(database, purpose, State.SENT);
        TestChain.finalizeNow();
        Sent last = await(database, purpose, State.FINAL);
        assertThat(last.transaction()).isEqualTo(sent.transaction());
        assertThat(database.read(connection -> log.openedBy(connection, key)).stream().map(Logged::transaction))
                .contains(last.transaction());
        assertThat(seen.head.get()).isGreaterThan(0);
        assertThat(status.away()).isEmpty();
    }

    private Sent await(Database database, String purpose, State state) throws Exception {
        while (true) {
            Sent sent = database.read(connection -> transactions.find(connection, purpose)).orElseThrow();
            if (sent.state().compareTo(state) >= 0) {
                return sent;
            }
            Thread.sleep(20);
        }
    }
}
