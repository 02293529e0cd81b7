package farthing.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import farthing.chain.LocalChain.Fault;
import farthing.chain.Transactions.Sent;
import farthing.chain.Transactions.State;
import farthing.money.Amount;

/** Every queued transaction is mined exactly once, whatever fails on the way. */
@Timeout(120)
class OutboxTest {

    private static final Amount ONE = Amount.ofTokens(1);

    @TempDir
    static Path folder;
    private static LocalChain chain;
    private Sender sender;

    @BeforeAll
    static void startChain() {
        chain = new LocalChain(folder);
    }

    @AfterAll
    static void stopChain() {
        chain.close();
    }

    @BeforeEach
    void newChain() throws SQLException {
        chain.wipe();
        chain.faults = request -> Fault.NONE;
        sender = Sender.empty(chain, "outbox");
    }

    @Test
    void aTransactionGoesFromQueuedToFinal() throws Exception {
        sender.mint("one");
        assertThat(sender.find("one").state()).isEqualTo(State.QUEUED);
        assertThat(sender.find("one").transaction()).isNull();
        sender.step();
        Sent sent = sender.find("one");
        assertThat(sent.state()).isEqualTo(State.SENT);
        sender.step();
        chain.mine(1);
        sender.step();
        Sent mined = sender.find("one");
        assertThat(mined.state()).isEqualTo(State.MINED);
        assertThat(mined.transaction()).isEqualTo(sent.transaction());
        assertThat(mined.block()).isEqualTo(chain.honest().latest().ref());
        assertThat(mined.finalized()).isFalse();
        chain.mine(2);
        sender.step();
        assertThat(sender.find("one").state()).isEqualTo(State.FINAL);
        assertThat(sender.find("one").finalized()).isTrue();
        sender.mint("one");
        sender.untilFinal("one");
        assertThat(sender.minted()).as("a purpose queued twice").isEqualTo(ONE);
    }

    @Test
    void aTransactionIsMinedOnceWhereverItsSenderEnds() throws Exception {
        int minted = 0;
        for (Fault fault : List.of(Fault.NEVER_ARRIVES, Fault.ANSWER_LOST)) {
            boolean reached = true;
            for (int good = 0; reached; good++) {
                String purpose = fault + " " + good;
                sender.mint(purpose);
                AtomicInteger left = new AtomicInteger(good);
                chain.faults = request -> left.getAndDecrement() == 0 ? fault : Fault.NONE;
                boolean ended = false;
                for (int i = 0; i < 4; i++) {
                    try {
                        sender.step();
                    } catch (NodeFailed end) {
                        ended = true;
                        break;
                    }
                    chain.mine(1);
                }
                reached = ended;
                chain.faults = request -> Fault.NONE;
                sender = sender.anew();
                sender.untilFinal(purpose);
                minted++;
                assertThat(sender.minted()).as(purpose).isEqualTo(Amount.ofTokens(minted));
            }
        }
        assertThat(minted).as("places to end").isGreaterThan(20);
        sender.check();
    }

    @Test
    void aReorgBringsTheSameBytesBack() throws Exception {
        sender.mint("one");
        sender.mint("two");
        sender.step();
        chain.mine(1);
        sender.step();
        String hash = sender.find("one").transaction();
        assertThat(sender.find("two").state()).isEqualTo(State.MINED);
        chain.mine(3);
        chain.tell("anvil_reorg", 4, List.of());
        sender.mirrored.catchUp();
        assertThat(sender.find("one").state()).isEqualTo(State.SENT);
        assertThat(sender.find("one").transaction()).isEqualTo(hash);
        sender.untilFinal("one", "two");
        assertThat(sender.find("one").transaction()).isEqualTo(hash);
        assertThat(sender.minted()).isEqualTo(Amount.ofTokens(2));
        sender.check();
    }

    @Test
    void whatWasFinalIsSentAgainWhenAnOlderStateIsRestored() throws Exception {
        sender.mint("kept");
        sender.untilFinal("kept");
        Path older = chain.save("older");
        for (int i = 0; i < 20; i++) {
            sender.mint("lost " + i);
        }
        sender.untilFinal("lost 19");
        String last = sender.find("lost 19").transaction();
        chain.kill();
        assertThatThrownBy(sender::step).isInstanceOf(NodeFailed.class);
        chain.start(older);
        sender.mirrored.catchUp();
        assertThat(sender.find("kept").state()).isIn(State.FINAL, State.MINED);
        assertThat(sender.find("lost 0").state()).isEqualTo(State.SENT);
        sender.mint("after");
        sender.untilFinal("lost 19", "after");
        assertThat(sender.find("lost 19").transaction()).isEqualTo(last);
        assertThat(sender.minted()).isEqualTo(Amount.ofTokens(22));
        sender.check();
    }

    @Test
    void everythingIsSentAgainOnAWipedChain() throws Exception {
        sender.mint("one");
        sender.mint("two");
        sender.untilFinal("two");
        chain.wipe();
        sender.mirrored.catchUp();
        sender.untilFinal("one", "two");
        assertThat(sender.minted()).isEqualTo(Amount.ofTokens(2));
    }

    @Test
    void aRefusedDryRunNamesTheErrorAndHoldsUpNobody() throws Exception {
        sender.queue("refused", chain.calls.post(5, new byte[32], new byte[32], new byte[0], new byte[0]));
        sender.mint("other");
        sender.step();
        assertThat(sender.find("refused").state()).isEqualTo(State.QUEUED);
        assertThat(sender.find("refused").fault()).isEqualTo("WrongSequence(1, 5)");
        sender.untilFinal("other");
        assertThat(sender.withdraw("refused")).isTrue();
        assertThat(sender.withdraw("other")).isFalse();
        sender.queue("by nobody", chain.calls.raiseCeiling(7, ONE));
        sender.step();
        assertThat(sender.find("by nobody").fault()).isEqualTo("NotOwner(7, " + LocalChain.OPERATOR.address() + ")");
        sender.queue("too much", chain.calls.deposit(7, ONE));
        sender.step();
        assertThat(sender.find("too much").fault()).isNotNull();
    }

    @Test
    void aRefusedOneGoesWhenItCan() throws Exception {
        chain.send(LocalChain.PAYER, chain.calls.openLine(LocalChain.PAYER));
        chain.mine(1);
        sender.queue("withdraw", chain.calls.withdraw(LocalChain.PAYER));
        sender.queue("first", chain.calls.openLine(LocalChain.PAYER));
        sender.queue("raise", chain.calls.raiseCeiling(2, ONE));
        sender.step();
        assertThat(sender.find("raise").fault()).as("the first may be what it needs").isNull();
        chain.mine(1);
        sender.untilFinal("first", "raise");
        assertThat(sender.find("withdraw").fault()).startsWith("NothingMatured(0x");
    }

    @Test
    void aTransactionThatRevertsSaysWhy() throws Exception {
        sender.queue("open", chain.calls.openLine(LocalChain.PAYER));
        sender.untilFinal("open");
        sender.queue("first", chain.calls.raiseCeiling(1, ONE));
        sender.queue("second", chain.calls.raiseCeiling(1, ONE));
        sender.step();
        sender.untilFinal("first");
        assertThat(sender.find("second").state()).isEqualTo(State.REVERTED);
        assertThat(sender.find("second").fault()).isEqualTo("NotRaised(1, 1000000, 1000000)");
        assertThat(sender.find("second").finalized()).isTrue();
    }

    @Test
    void aNonceUsedElsewhereIsGivenUpForAnother() throws Exception {
        sender.mint("one");
        chain.faults = request -> request.contains("eth_sendRaw") ? Fault.NEVER_ARRIVES : Fault.NONE;
        assertThatThrownBy(sender::step).isInstanceOf(NodeFailed.class);
        chain.faults = request -> Fault.NONE;
        Path older = chain.save("before");
        chain.send(LocalChain.OPERATOR.address(), chain.calls.mint(LocalChain.PAYER, ONE));
        chain.mine(3);
        sender.untilFinal("one");
        assertThat(sender.minted()).isEqualTo(Amount.ofTokens(2));
        // The other's is gone now, and what it leaves open is filled.
        chain.kill();
        chain.start(older);
        sender.mirrored.catchUp();
        sender.untilFinal("one");
        assertThat(sender.minted()).isEqualTo(ONE);
        assertThat(sender.mirrored.rows("select purpose from chain_transaction where purpose like 'gap%'")).hasSize(1);
        sender.mint("next");
        sender.untilFinal("next");
        assertThat(sender.minted()).isEqualTo(Amount.ofTokens(2));
    }

    @Test
    void moreIsBidWhenTheFeeRoseOrNothingHappens() throws Exception {
        sender.mint("one");
        sender.step();
        chain.tell("anvil_setNextBlockBaseFeePerGas", "0x2540be4000");
        chain.mine(1);
        assertThat(sender.find("one").state()).isEqualTo(State.SENT);
        sender.step();
        List<String> fees = sender.versions();
        assertThat(fees).as("the base fee rose").hasSize(2);
        sender.clock.advance(Duration.ofSeconds(29));
        sender.step();
        assertThat(sender.versions()).hasSize(2);
        sender.clock.advance(Duration.ofSeconds(2));
        sender.step();
        fees = sender.versions();
        assertThat(fees).as("nothing happened").hasSize(3);
        for (int i = 1; i < fees.size(); i++) {
            BigInteger before = new BigInteger(fees.get(i - 1));
            assertThat(new BigInteger(fees.get(i)).multiply(BigInteger.valueOf(1000)))
                    .isGreaterThanOrEqualTo(before.multiply(BigInteger.valueOf(1125)));
        }
        sender.untilFinal("one");
        assertThat(sender.minted()).isEqualTo(ONE);
        assertThat(sender.mirrored.rows("select distinct nonce from chain_signed")).containsExactly("0");
    }

    @Test
    void aKeyWithoutEtherSaysSo() throws Exception {
        chain.tell("anvil_setBalance", LocalChain.OPERATOR.address().text(), "0x0");
        sender.mint("one");
        sender.step();
        assertThat(sender.find("one").state()).isEqualTo(State.QUEUED);
        assertThat(sender.find("one").fault()).matches(LocalChain.OPERATOR.address()
                + " has 0 ETH and needs 0\\.\\d+ for gas; send it some\\.");
        chain.rich(LocalChain.OPERATOR.address());
        sender.untilFinal("one");
        assertThat(sender.find("one").fault()).isNull();
    }

    @Test
    void twoServersOfOneDatabaseSendEachOnce() throws Exception {
        Sender other = sender.anew();
        ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
        List<Thread> servers = new ArrayList<>();
        for (Sender each : List.of(sender, other)) {
            servers.add(Thread.ofVirtual().start(() -> {
                try {
                    // Without taking turns, as when one was cut off from its turn and does not know.
                    for (int i = 0; i < 40; i++) {
                        each.step();
                        chain.mine(1);
                    }
                } catch (Exception e) {
                    failures.add(e);
                }
            }));
        }
        for (int i = 0; i < 30; i++) {
            sender.mint("mint " + i);
            Thread.sleep(10);
        }
        for (Thread server : servers) {
            server.join();
        }
        assertThat(failures).isEmpty();
        for (int i = 0; i < 30; i++) {
            sender.untilFinal("mint " + i);
        }
        assertThat(sender.minted()).isEqualTo(Amount.ofTokens(30));
        sender.check();
    }
}
