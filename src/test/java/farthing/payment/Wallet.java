package farthing.payment;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

import javax.sql.DataSource;

import jakarta.inject.Singleton;

import farthing.TestChain;
import farthing.chain.Address;
import farthing.chain.Call;
import farthing.chain.ChainLog;
import farthing.chain.SigningKey;
import farthing.chain.Transactions;
import farthing.chain.VaultCalls;
import farthing.ledger.LineId;
import farthing.money.Amount;

/** What people do with their wallets, through the server's own outbox. */
@Singleton
class Wallet {

    private static final AtomicLong NUMBER = new AtomicLong(System.nanoTime());

    private final Transactions transactions;
    private final ChainLog chain;
    private final VaultCalls calls;
    private final DataSource source;

    Wallet(Transactions transactions, ChainLog chain, VaultCalls calls, DataSource source) {
        this.transactions = transactions;
        this.chain = chain;
        this.calls = calls;
        this.source = source;
    }

    /** With coins, play money and a line, all in blocks. */
    LineId open(SigningKey key) throws Exception {
        transactions.know(key);
        sent(key, calls.mint(key.address(), Amount.ofTokens(100)));
        sent(key, calls.openLine(Address.of(new byte[20])));
        try (Connection connection = source.getConnection()) {
            return new LineId(chain.openedBy(connection, key.address()).getLast().event().line());
        }
    }

    void deposit(SigningKey key, LineId line, Amount amount) throws SQLException {
        queued(key, calls.approve(amount));
        sent(key, calls.deposit(line.value(), amount));
    }

    void raise(SigningKey key, LineId line, Amount ceiling) throws SQLException {
        sent(key, calls.raiseCeiling(line.value(), ceiling));
    }

    void requestExit(SigningKey key, LineId line) throws SQLException {
        sent(key, calls.requestExit(line.value()));
    }

    /** Returns when the mirror has it in a block. */
    private void sent(SigningKey key, Call call) throws SQLException {
        String purpose = queued(key, call);
        AtomicBoolean mined = new AtomicBoolean();
        until(() -> {
            try (Connection connection = source.getConnection()) {
                Transactions.State state = transactions.find(connection, purpose).orElseThrow().state();
                assertThat(state).isNotEqualTo(Transactions.State.REVERTED);
                // One block and no more, since many would make it final.
                if (state == Transactions.State.SENT && mined.compareAndSet(false, true)) {
                    TestChain.mine(1);
                }
                return List.of(Transactions.State.MINED, Transactions.State.FINAL).contains(state);
            }
        });
    }

    private String queued(SigningKey key, Call call) throws SQLException {
        String purpose = "test:" + NUMBER.incrementAndGet();
        try (Connection connection = source.getConnection()) {
            transactions.queue(connection, purpose, key.address(), call);
        }
        return purpose;
    }

    interface Look {
        boolean good() throws SQLException;
    }

    static void until(Look look) throws SQLException {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!look.good()) {
            assertThat(System.nanoTime()).as("waited for a minute").isLessThan(end);
            LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
        }
    }

    static SigningKey fresh() {
        return TestChain.fundedKey();
    }
}
