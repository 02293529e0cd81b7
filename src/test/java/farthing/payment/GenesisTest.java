package farthing.payment;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;

import org.junit.jupiter.api.Test;

import farthing.TestDatabase;
import farthing.chain.Address;
import farthing.chain.Deployment;
import farthing.chain.SigningKey;
import farthing.chain.Transactions;
import farthing.chain.VaultCalls;
import farthing.chain.VaultEvent;

class GenesisTest {

    private static final Address VAULT = new Address("0x" + "1".repeat(40));
    private static final Address CALLER = SigningKey.generate(new SecureRandom()).address();
    private static final Deployment DEPLOYMENT = new Deployment(31337, VAULT, VAULT, VAULT, VAULT,
            URI.create("http://127.0.0.1:1"), null, Duration.ofMinutes(1), Duration.ofDays(1));

    private final FakeChain chain = new FakeChain();
    private final FakeOutbox outbox = new FakeOutbox();
    private final Genesis genesis = new Genesis(chain, outbox, new VaultCalls(DEPLOYMENT), DEPLOYMENT);

    @Test
    void queuesWhatIsMissingOnceAndThenNothing() throws Exception {
        assertThat(fund()).isEqualTo(Genesis.State.WANTING);
        assertThat(fund()).isEqualTo(Genesis.State.WANTING);
        assertThat(purposes()).containsExactly("open:1");

        chain.mine(new VaultEvent.LineOpened(7, CALLER, CALLER));
        fund();
        fund();
        assertThat(purposes()).containsExactly("open:1", "approve:7:1", "deposit:7:1", "raise:7:1");

        chain.mine(new VaultEvent.Deposited(7, CALLER, Genesis.FUNDS)).mine(new VaultEvent.CeilingRaised(7, Genesis.FUNDS));
        assertThat(fund()).isEqualTo(Genesis.State.MINED);
        chain.settle();
        assertThat(fund()).isEqualTo(Genesis.State.FINAL);
        assertThat(purposes()).hasSize(4);
    }

    @Test
    void whatFailedForGoodIsSentOnceMore() throws Exception {
        chain.mine(new VaultEvent.LineOpened(7, CALLER, CALLER));
        fund();
        String deposit = "genesis:" + VAULT + ":deposit:7:1";
        outbox.mined(deposit, Transactions.State.MINED);
        fund();
        assertThat(purposes()).hasSize(3);
        outbox.mined(deposit, Transactions.State.REVERTED);
        fund();
        fund();
        assertThat(purposes()).contains("deposit:7:2").hasSize(4);
    }

    @Test
    void aWipedChainIsFundedAgainByTheSameTransactions() throws Exception {
        fund();
        chain.mine(new VaultEvent.LineOpened(1, CALLER, CALLER));
        fund();
        chain.mine(new VaultEvent.Deposited(1, CALLER, Genesis.FUNDS)).mine(new VaultEvent.CeilingRaised(1, Genesis.FUNDS))
                .settle();
        fund();
        chain.rollBackTo(0);
        assertThat(fund()).isEqualTo(Genesis.State.WANTING);
        chain.mine(new VaultEvent.LineOpened(1, CALLER, CALLER));
        fund();
        assertThat(purposes()).as("the outbox sends the same bytes again").hasSize(4);
    }

    @Test
    void oneWhoLeavesIsNotFundedAgain() throws Exception {
        chain.mine(new VaultEvent.LineOpened(7, CALLER, CALLER)).mine(new VaultEvent.ExitRequested(7, FakeChain.GENESIS));
        assertThat(fund()).isEqualTo(Genesis.State.FINAL);
        assertThat(purposes()).isEmpty();
    }

    private Genesis.State fund() throws SQLException {
        try (Connection connection = TestDatabase.migrated().getConnection()) {
            return genesis.fund(connection, CALLER);
        }
    }

    private List<String> purposes() {
        return outbox.calls.keySet().stream().map(purpose -> purpose.substring(("genesis:" + VAULT + ":").length())).toList();
    }
}
