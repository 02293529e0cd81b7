package farthing.chain;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import org.web3j.abi.FunctionEncoder;
import org.web3j.abi.TypeReference;
import org.web3j.abi.datatypes.Function;
import org.web3j.abi.datatypes.generated.Uint256;
import org.web3j.utils.Numeric;

import farthing.TestClock;
import farthing.chain.Transactions.Sent;
import farthing.chain.Transactions.State;
import farthing.money.Amount;

/** A server that sends: its outbox and its mirror, step by step. */
final class Sender {

    final Mirrored mirrored;
    final TestClock clock;
    private final LocalChain chain;
    private final String name;
    private final Transactions transactions;
    private final Outbox outbox;

    private Sender(LocalChain chain, String name, TestClock clock) {
        this.chain = chain;
        this.name = name;
        this.clock = clock;
        this.mirrored = new Mirrored(chain, name);
        Map<Address, SigningKey> keys = new ConcurrentHashMap<>();
        this.transactions = new QueuedTransactions(keys, () -> {
        });
        this.outbox = new Outbox(chain.node(), mirrored.database, keys, clock,
                new Outbox.Settings(31337, Duration.ofSeconds(5), Duration.ofSeconds(30)));
        transactions.know(LocalChain.OPERATOR);
    }

    static Sender empty(LocalChain chain, String name) throws SQLException {
        Mirrored.empty(chain, name);
        return new Sender(chain, name, new TestClock(Instant.EPOCH));
    }

    /** After a restart, or another server. */
    Sender anew() {
        return new Sender(chain, name, clock);
    }

    void queue(String purpose, Call call) throws SQLException {
        mirrored.database.inTransaction(connection -> {
            transactions.queue(connection, purpose, LocalChain.OPERATOR.address(), call);
            return true;
        });
    }

    /** One token, whose sum tells how often it was mined. */
    void mint(String purpose) throws SQLException {
        queue(purpose, chain.calls.mint(LocalChain.PAYER, Amount.ofTokens(1)));
    }

    Amount minted() throws NodeFailed {
        Function balance = new Function("balanceOf", List.of(new org.web3j.abi.datatypes.Address(LocalChain.PAYER.text())),
                List.of(TypeReference.create(Uint256.class)));
        Object micros = chain.tell("eth_call",
                Map.of("to", chain.deployment.token().text(), "data", FunctionEncoder.encode(balance)), "latest");
        return Amount.ofNanos(Numeric.toBigInt(String.valueOf(micros)).longValueExact() * 1000);
    }

    Sent find(String purpose) throws SQLException {
        return mirrored.database.read(connection -> transactions.find(connection, purpose)).orElseThrow();
    }

    boolean withdraw(String purpose) throws SQLException {
        return mirrored.database.inTransaction(connection -> transactions.withdraw(connection, purpose));
    }

    void step() throws NodeFailed, SQLException {
        mirrored.mirror.step();
        outbox.step();
    }

    void untilFinal(String... purposes) throws NodeFailed, SQLException {
        for (String purpose : purposes) {
            for (int i = 0; find(purpose).state() != State.FINAL; i++) {
                assertThat(i).as(() -> "steps of " + purpose + ", now " + state(purpose)).isLessThan(60);
                step();
                clock.advance(Duration.ofSeconds(1));
                chain.mine(1);
            }
        }
    }

    private String state(String purpose) {
        try {
            return find(purpose).toString();
        } catch (SQLException e) {
            return e.toString();
        }
    }

    /** What was bid, oldest first. */
    List<String> versions() throws SQLException {
        return mirrored.rows("select max_fee from chain_signed order by version");
    }

    /** The books of the outbox are the chain's, and no nonce was signed for two purposes. */
    void check() throws NodeFailed, SQLException {
        mirrored.catchUp();
        mirrored.check();
        Node node = chain.honest();
        for (String row : mirrored.rows(
                "select mined || ' ' || block_number || ' ' || block_hash from chain_transaction where mined is not null")) {
            String[] parts = row.split(" ");
            assertThat(node.mined(parts[0]))
                    .contains(new Node.Mined(parts[0], Long.parseLong(parts[1]), parts[2], true));
        }
        assertThat(mirrored.rows("select nonce from chain_signed group by nonce having count(distinct transaction) > 1"))
                .isEmpty();
    }
}
