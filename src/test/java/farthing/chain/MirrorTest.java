package farthing.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.web3j.abi.FunctionEncoder;
import org.web3j.abi.datatypes.Function;
import org.web3j.abi.datatypes.generated.Uint32;
import org.web3j.abi.datatypes.generated.Uint64;
import org.web3j.utils.Numeric;

import farthing.chain.LocalChain.Fault;
import farthing.money.Amount;

/** The mirror on a real chain that is told when to mine, to re-organise and to forget. */
@Timeout(120)
class MirrorTest {

    private static final Amount TEN = Amount.ofTokens(10);
    private static final Amount FIVE = Amount.ofTokens(5);

    @TempDir
    static Path folder;
    private static LocalChain chain;
    private Mirrored mirrored;

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
        mirrored = Mirrored.empty(chain, "mirror");
    }

    @Test
    void aDatabaseWithTheLinesOfAnotherVaultIsRefused() throws Exception {
        Deployment ours = chain.deployment;
        Address another = Address.of(new byte[20]);
        MirrorTables tables = new MirrorTables(new Deployment(ours.chainId(), another, ours.token(), ours.registry(),
                ours.operator(), ours.rpc(), null, ours.epoch(), ours.exitDelay()), 300);
        mirrored.catchUp();
        mirrored.database.read(connection -> {
            tables.requireSameVault(connection);
            return true;
        });
        chain.line(1, TEN, FIVE);
        mirrored.catchUp();
        assertThatThrownBy(() -> mirrored.database.read(connection -> {
            tables.requireSameVault(connection);
            return true;
        })).isInstanceOf(IllegalStateException.class).hasMessageContaining("vault " + ours.vault())
                .hasMessageContaining("FARTHING_VAULT is " + another);
        mirrored.database.read(connection -> {
            new MirrorTables(ours, 300).requireSameVault(connection);
            return true;
        });
    }

    @Test
    void eventsAppearOnceAndBecomeFinal() throws Exception {
        chain.line(1, TEN, FIVE);
        mirrored.catchUp();
        mirrored.check();
        List<Logged<?>> events = mirrored.ofLine(1);
        assertThat(events.stream().<Object> map(Logged::event)).containsExactly(
                new VaultEvent.LineOpened(1, LocalChain.PAYER, LocalChain.PAYER),
                new VaultEvent.Deposited(1, LocalChain.PAYER, TEN), new VaultEvent.CeilingRaised(1, FIVE));
        assertThat(events).noneMatch(Logged::finalized);
        assertThat(mirrored.advanced.getLast().lines()).containsExactly(1);
        mirrored.catchUp();
        chain.mine(1);
        mirrored.catchUp();
        assertThat(mirrored.advanced.getLast().lines()).as("nothing new of the line").isEmpty();
        chain.mine(2);
        mirrored.catchUp();
        assertThat(mirrored.ofLine(1)).allMatch(Logged::finalized).hasSize(3);
        assertThat(mirrored.advanced.getLast().lines()).as("its events became final").containsExactly(1);
        List<Logged<VaultEvent.LineOpened>> opened = mirrored.database
                .read(connection -> mirrored.log.openedBy(connection, LocalChain.PAYER));
        assertThat(opened).hasSize(1);
        assertThat(mirrored.lines()).containsExactly(1);
        List<Logged<?>> batches = mirrored.database.read(connection -> mirrored.log.batchesFrom(connection, 0));
        assertThat(batches).isEmpty();
    }

    @Test
    void aReorgTakesBackADepositThatIsNotThereAgain() throws Exception {
        chain.line(1, TEN, FIVE);
        chain.mine(3);
        chain.send(LocalChain.PAYER, chain.calls.mint(LocalChain.PAYER, TEN));
        chain.send(LocalChain.PAYER, chain.calls.approve(TEN));
        chain.send(LocalChain.PAYER, chain.calls.deposit(1, TEN));
        chain.mine(4);
        mirrored.catchUp();
        assertThat(mirrored.deposited(1)).isEqualTo(Amount.ofTokens(20));
        chain.tell("anvil_reorg", 5, List.of());
        chain.mine(2);
        mirrored.catchUp();
        mirrored.check();
        assertThat(mirrored.deposited(1)).isEqualTo(TEN);
        assertThat(mirrored.advanced.getLast().lines()).containsExactly(1);
    }

    @Test
    void aReorgMovesADepositToAnotherBlock() throws Exception {
        chain.line(1, TEN, FIVE);
        chain.send(LocalChain.PAYER, chain.calls.mint(LocalChain.PAYER, TEN));
        chain.send(LocalChain.PAYER, chain.calls.approve(TEN));
        chain.mine(5);
        Call deposit = chain.calls.deposit(1, TEN);
        chain.send(LocalChain.PAYER, deposit);
        chain.mine(2);
        mirrored.catchUp();
        long before = mirrored.ofLine(1).getLast().block().number();
        chain.tell("anvil_reorg", 5, List.of());
        chain.send(LocalChain.PAYER, deposit);
        chain.mine(1);
        mirrored.catchUp();
        mirrored.check();
        assertThat(mirrored.deposited(1)).isEqualTo(Amount.ofTokens(20));
        assertThat(mirrored.ofLine(1).getLast().block().number()).isNotEqualTo(before);
    }

    @Test
    void anOlderStateRestoredIsAReorgOfAnyDepth() throws Exception {
        chain.line(1, TEN, FIVE);
        chain.mine(2);
        mirrored.catchUp();
        Path older = chain.save("older");
        chain.line(2, TEN, FIVE);
        chain.mine(400);
        mirrored.catchUp();
        assertThat(mirrored.ofLine(2)).hasSize(3).allMatch(Logged::finalized);
        chain.kill();
        assertThatThrownBy(mirrored::catchUp).isInstanceOf(NodeFailed.class);
        chain.start(older);
        mirrored.catchUp();
        mirrored.check();
        assertThat(mirrored.deposited(1)).isEqualTo(TEN);
        assertThat(mirrored.ofLine(2)).isEmpty();
        assertThat(mirrored.position().finalized()).isLessThanOrEqualTo(mirrored.position().head().number());
        chain.mine(3);
        mirrored.catchUp();
        mirrored.check();
    }

    @Test
    void aWipedChainIsReadFromItsStart() throws Exception {
        chain.line(1, TEN, FIVE);
        chain.line(2, TEN, FIVE);
        chain.mine(20);
        mirrored.catchUp();
        chain.wipe();
        chain.line(1, FIVE, FIVE);
        mirrored.catchUp();
        mirrored.check();
        assertThat(mirrored.deposited(1)).isEqualTo(FIVE);
        assertThat(mirrored.ofLine(2)).isEmpty();
        assertThat(mirrored.advanced.getLast().lines()).containsExactlyInAnyOrder(1, 2);
    }

    @Test
    void aLongChainIsReadInRangesAndForgetsNoCommonBlock() throws Exception {
        mirrored = Mirrored.empty(chain, "mirror", new Mirror.Settings(0, 100, 30));
        chain.mine(150);
        chain.line(1, TEN, FIVE);
        chain.mine(150);
        chain.line(2, TEN, FIVE);
        chain.mine(50);
        mirrored.catchUp();
        mirrored.check();
        assertThat(mirrored.rows("select count(*) from chain_block").getFirst()).satisfies(
                count -> assertThat(Integer.parseInt(count)).as("of 350 blocks few are stored").isLessThan(60));
        chain.tell("anvil_reorg", 60, List.of());
        mirrored.catchUp();
        mirrored.check();
        assertThat(mirrored.ofLine(1)).hasSize(3);
        assertThat(mirrored.ofLine(2)).isEmpty();
    }

    @Test
    void absurdAmountsAreTheMostThatCanBeHeld() throws Exception {
        BigInteger most = BigInteger.TWO.pow(64).subtract(BigInteger.ONE);
        chain.line(1, TEN, FIVE);
        Function raise = new Function("raiseCeiling", List.of(new Uint32(1), new Uint64(most)), List.of());
        chain.send(LocalChain.PAYER,
                new Call(chain.deployment.vault(), Numeric.hexStringToByteArray(FunctionEncoder.encode(raise))));
        chain.mine(1);
        mirrored.catchUp();
        assertThat(mirrored.ofLine(1).getLast().event())
                .isEqualTo(new VaultEvent.CeilingRaised(1, Amount.ofNanos(9_223_372_036_854_775_000L)));
    }

    @Test
    void aNodeThatFailsLeavesTheMirrorAsItWas() throws Exception {
        chain.line(1, TEN, FIVE);
        mirrored.catchUp();
        chain.line(2, TEN, FIVE);
        for (Fault fault : Set.of(Fault.NEVER_ARRIVES, Fault.ANSWER_LOST, Fault.NONSENSE)) {
            for (int good = 0; good < 5; good++) {
                AtomicInteger left = new AtomicInteger(good);
                chain.faults = request -> left.getAndDecrement() > 0 ? Fault.NONE : fault;
                if (good < 3) {
                    assertThatThrownBy(mirrored::catchUp).isInstanceOf(NodeFailed.class)
                            .hasMessageMatching("The chain's node .*\\.");
                    assertThat(mirrored.ofLine(2)).isEmpty();
                }
            }
        }
        chain.faults = request -> Fault.NONE;
        mirrored.catchUp();
        mirrored.check();
    }

    @Test
    void aReorgWhileRangesAreReadIsReadAgain() throws Exception {
        chain.mine(10);
        mirrored.catchUp();
        chain.line(1, TEN, FIVE);
        chain.mine(3);
        AtomicInteger asked = new AtomicInteger();
        chain.faults = request -> {
            if (request.contains("eth_getLogs") && asked.getAndIncrement() == 0) {
                chain.tell("anvil_reorg", 4, List.of());
            }
            return Fault.NONE;
        };
        mirrored.catchUp();
        assertThat(asked).hasValue(2);
        mirrored.check();
        assertThat(mirrored.ofLine(1)).isEmpty();
    }

    @Test
    void twoServersOfOneDatabaseReadEachEventOnce() throws Exception {
        Mirrored other = new Mirrored(chain, "mirror");
        CompletableFuture<Void> running = new CompletableFuture<>();
        List<Thread> servers = List.of(mirrored, other).stream().map(each -> Thread.ofVirtual().start(() -> {
            try {
                while (!running.isDone()) {
                    each.mirror.step();
                }
            } catch (Exception e) {
                running.completeExceptionally(e);
            }
        })).toList();
        for (int line = 1; line <= 10; line++) {
            chain.line(line, TEN, FIVE);
            if (line % 4 == 0) {
                chain.tell("anvil_reorg", 1, List.of());
                chain.line(line, TEN, FIVE);
            }
        }
        Thread.sleep(300);
        running.complete(null);
        for (Thread server : servers) {
            server.join();
        }
        running.join();
        mirrored.catchUp();
        mirrored.check();
        assertThat(mirrored.lines()).hasSize(10);
    }
}
