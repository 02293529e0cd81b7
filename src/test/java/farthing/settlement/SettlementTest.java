package farthing.settlement;

import static farthing.settlement.BatchState.BUILT;
import static farthing.settlement.BatchState.FINAL;
import static farthing.settlement.BatchState.MINED;
import static farthing.settlement.BatchState.RELEASED;
import static farthing.settlement.BatchState.SENT;
import static farthing.settlement.BatchState.VOIDED;
import static farthing.settlement.World.PLATFORM;
import static farthing.settlement.World.PLENTY;
import static farthing.settlement.World.address;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import farthing.chain.Address;
import farthing.chain.ChainLog;
import farthing.chain.Transactions;
import farthing.chain.VaultEvent;
import farthing.earnings.NothingToWithdraw;
import farthing.earnings.Payouts;
import farthing.ledger.Account;
import farthing.money.Amount;

/** Batches from their receipts to the vault, through everything that may happen to process and chain. */
class SettlementTest {

    static final Address WREN = address(0x11);
    static final Address ROBIN = address(0x12);

    World world = new World();
    FakeChain chain = world.chain;

    @BeforeEach
    void people() {
        world.version(1, WREN, 7000, 0, 2000, 0, 1000);
        world.version(2, ROBIN, 6000, 1000, 1500, 500, 1000);
        world.line(1, PLENTY, PLENTY);
    }

    @AfterEach
    void theBooksAreRight() {
        world.check();
    }

    private void calls(int calls) {
        for (int i = 0; i < calls; i++) {
            world.charge(1, -5, 1, 12_345);
        }
    }

    @Test
    void settlesCallsOnceTheirBatchIsFinal() {
        calls(3);
        world.charge(1, 9, 2, 777);
        Batch built = world.settle().orElseThrow();
        assertThat(built.state()).isEqualTo(BUILT);
        assertThat(built.receipts()).isEqualTo(4);
        assertThat(built.charges().nanos()).isEqualTo(3 * 12_345 + 777);
        chain.signs(world.database);
        world.settlement().reconcile();
        assertThat(world.newest().state()).isEqualTo(SENT);
        world.posted();
        assertThat(world.newest().state()).isEqualTo(MINED);
        assertThat(world.newest().transaction()).startsWith("0x");
        chain.finalizes();
        world.settlement().reconcile();
        assertThat(world.newest().state()).isEqualTo(FINAL);
        assertThat(chain.vault().line(1).used).isEqualTo(37);
        assertThat(world.balance(Account.charges()).nanos()).isZero();
        assertThat(world.balance(Account.held("data_pool:1")).nanos()).isEqualTo(3 * 2469);
        assertThat(world.balance(Account.credited(WREN.text())).nanos()).isEqualTo(25_000);
        assertThat(world.balance(Account.owed(WREN.text())).nanos()).isEqualTo(3 * 8642 - 25_000);
        world.checkVault();
    }

    @Test
    void takesNoCallThatIsTooYoungAndNoneTwice() {
        calls(1);
        assertThat(world.settlement().settle()).isEmpty();
        world.settledForGood();
        assertThat(world.settle()).isEmpty();
        assertThat(world.batches()).hasSize(1);
    }

    @Test
    void buildsNothingWhileABatchIsOnItsWay() {
        calls(1);
        world.settle();
        calls(1);
        assertThat(world.settle()).isEmpty();
        chain.signs(world.database);
        assertThat(world.settle()).isEmpty();
        world.posted();
        assertThat(world.settle()).map(Batch::seq).hasValue(2L);
    }

    @Test
    void goesOnWhereALineStoppedAndCarriesTheDust() {
        for (int i = 0; i < 4; i++) {
            world.charge(1, 3, 1, 999);
            world.settledForGood();
        }
        assertThat(world.newest().seq()).isEqualTo(4);
        assertThat(chain.vault().line(1).used).isEqualTo(3);
        world.checkVault();
    }

    @Test
    void leavesGapsWhereCallsWereReversed() {
        world.charge(1, 3, 1, 100);
        UUID reversed = world.charge(1, 3, 1, 200);
        world.charge(1, 3, 1, 300);
        UUID last = world.charge(1, 3, 1, 400);
        world.reverse(reversed, 1, 200);
        world.reverse(last, 1, 400);
        world.settledForGood();
        assertThat(world.newest().charges().nanos()).isEqualTo(400);
        assertThat(world.manifest(world.newest()).lines().getFirst().sections()).isEqualTo(2);
        assertThat(world.sum("select count(*) from unsettled_lease")).isZero();
    }

    @Test
    void setsNoLeaseAsideWhileAnotherServerMayGiveItsBatchUp() {
        calls(1);
        world.settle();
        world.database.inTransaction(connection -> {
            Database.update(connection, "update lease set state = 'RETURNED', closed_at = now()");
            return true;
        });
        world.database.inTransaction(other -> {
            Database.list(other, row -> true, "select pg_advisory_xact_lock(?)", Settlement.LOCK);
            world.settlement().settle();
            return true;
        });
        assertThat(world.sum("select count(*) from lease where settled")).isZero();
        world.settlement().settle();
        assertThat(world.sum("select count(*) from lease where settled")).isOne();
    }

    @Test
    void takesOnlyWhatTheChainPaysFor() {
        world.line(2, Amount.ofNanos(50_000), Amount.ofNanos(30_000));
        for (int i = 0; i < 4; i++) {
            world.charge(2, 8, 1, 12_345);
        }
        world.settledForGood();
        assertThat(world.newest().receipts()).isEqualTo(2);
        assertThat(world.settle()).isEmpty();
        chain.raises(2, PLENTY);
        assertThat(world.settle()).describedAs("the ceiling is not final").isEmpty();
        chain.finalizes();
        world.settledForGood();
        assertThat(world.newest().receipts()).isEqualTo(2);
        world.checkVault();
    }

    @Test
    void leavesOutALineThatBelongsToAnotherWallet() {
        world.line(2, PLENTY, PLENTY);
        world.wallets.put(2, address(0x99));
        world.charge(2, 8, 1, 5_000);
        world.charge(77, 9, 1, 0);
        assertThat(world.settle()).isEmpty();
    }

    @Test
    void letsTheLineThatWaitedLongestGoFirst() {
        world.mostLines = 1;
        world.line(2, PLENTY, PLENTY);
        for (int round = 0; round < 3; round++) {
            world.charge(1, 3, 1, 5_000);
            world.charge(2, 4, 1, 5_000);
        }
        world.settledForGood();
        world.settledForGood();
        assertThat(chain.vault().line(1).used).isEqualTo(15);
        assertThat(chain.vault().line(2).used).isEqualTo(15);
    }

    @Test
    void creditsThePlatformLastWhenDebitsAreShort() {
        world.line(2, PLENTY, PLENTY);
        world.charge(1, 3, 1, 1_999);
        world.charge(2, 4, 1, 1_999);
        world.settledForGood();
        assertThat(world.balance(Account.credited(WREN.text())).nanos()).isEqualTo(2_000);
        assertThat(world.balance(Account.credited(PLATFORM.text())).nanos()).isZero();
    }

    @Test
    void creditsNobodyBelowTheThreshold() {
        world.threshold = Amount.ofNanos(100_000);
        calls(3);
        world.settledForGood();
        assertThat(world.newest().payees()).isZero();
        calls(10);
        world.settledForGood();
        assertThat(world.newest().payees()).isEqualTo(1);
    }

    @Test
    void settlesInAnotherBatchWhatTheVaultRefused() {
        world.line(2, PLENTY, PLENTY);
        int before = chain.blocks.size();
        world.charge(2, 8, 1, 500_000);
        calls(1);
        world.settle();
        chain.restores(before - 3);
        chain.finalizes();
        world.posted();
        assertThat(world.newest().state()).isEqualTo(RELEASED);
        assertThat(world.newest().fault()).startsWith("OverLimit(2");
        world.settledForGood();
        assertThat(world.newest().state()).isEqualTo(FINAL);
        assertThat(world.newest().seq()).isEqualTo(1);
        assertThat(world.newest().receipts()).isEqualTo(1);
        world.checkVault();
    }

    @Test
    void waitsWhilePostingIsPaused() {
        calls(1);
        world.settle();
        chain.paused = true;
        world.posted();
        assertThat(world.newest().state()).isEqualTo(BUILT);
        assertThat(world.newest().fault()).startsWith("PostingPaused");
        calls(1);
        assertThat(world.settle()).isEmpty();
        chain.paused = false;
        world.posted();
        assertThat(world.newest().state()).isEqualTo(MINED);
        assertThat(world.batches()).hasSize(1);
    }

    @Test
    void givesUpARevertedBatchOnlyWhenThatIsFinal() {
        calls(1);
        world.settle();
        chain.signs(world.database);
        chain.paused = true;
        chain.mines(world.database);
        world.settlement().reconcile();
        assertThat(world.newest().state()).isEqualTo(SENT);
        assertThat(world.newest().fault()).startsWith("PostingPaused");
        chain.finalizes();
        world.settlement().reconcile();
        assertThat(world.newest().state()).isEqualTo(RELEASED);
        chain.paused = false;
        world.settledForGood();
        assertThat(world.newest().state()).isEqualTo(FINAL);
        world.checkVault();
    }

    @Test
    void settlesAnewWhatTheGuardianVoided() {
        calls(2);
        world.settledForGood();
        calls(2);
        world.settledForGood();
        chain.voidsNewest();
        world.settlement().reconcile();
        assertThat(world.newest().state()).describedAs("the void is not final").isEqualTo(FINAL);
        assertThat(world.settle()).isEmpty();
        chain.voidsNewest();
        chain.finalizes();
        world.settlement().reconcile();
        assertThat(world.batches()).extracting(Batch::state).containsExactly(VOIDED, VOIDED);
        assertThat(world.balance(Account.owed(WREN.text())).nanos()).isZero();
        world.settledForGood();
        assertThat(world.newest().seq()).isEqualTo(5);
        assertThat(world.newest().parent()).isZero();
        assertThat(world.newest().receipts()).isEqualTo(4);
        assertThat(world.newest().state()).isEqualTo(FINAL);
        world.checkVault();
    }

    @Test
    void buildsNothingOnABatchWhoseVoidIsNotFinal() {
        calls(2);
        world.settledForGood();
        chain.voidsNewest();
        calls(1);
        assertThat(world.settle()).isEmpty();
        chain.finalizes();
        world.settledForGood();
        assertThat(world.newest().seq()).isEqualTo(3);
        assertThat(world.newest().parent()).isZero();
        assertThat(world.newest().state()).isEqualTo(FINAL);
        assertThat(world.newest().receipts()).isEqualTo(3);
        world.checkVault();
    }

    @Test
    void followsAChainThatWasRestoredFromLongAgo() {
        int before = chain.blocks.size();
        for (int i = 0; i < 3; i++) {
            calls(2);
            world.settledForGood();
        }
        chain.restores(before - 1);
        world.settlement().reconcile();
        assertThat(world.batches()).extracting(Batch::state).containsExactly(SENT, SENT, SENT);
        calls(1);
        assertThat(world.settle()).isEmpty();
        world.posted();
        assertThat(world.batches()).extracting(Batch::state).containsExactly(MINED, MINED, MINED);
        world.settledForGood();
        assertThat(world.batches()).extracting(Batch::state).containsExactly(FINAL, FINAL, FINAL, FINAL);
        world.checkVault();
    }

    @Test
    void countsABatchAgainThatWasGivenUpAndIsOnTheChainAfterAll() {
        int before = chain.blocks.size();
        calls(1);
        world.settle();
        chain.signs(world.database);
        chain.paused = true;
        chain.mines(world.database);
        chain.finalizes();
        world.settlement().reconcile();
        assertThat(world.newest().state()).isEqualTo(RELEASED);
        chain.paused = false;
        calls(1);
        world.settle();
        world.posted();
        // The chain of before the revert: the first transaction is mined again, and now it succeeds.
        chain.restores(before - 1);
        chain.mines(world.database);
        chain.finalizes();
        world.settlement().reconcile();
        assertThat(world.batches()).extracting(Batch::state).containsExactly(FINAL, RELEASED);
        world.settledForGood();
        assertThat(world.newest().seq()).isEqualTo(2);
        assertThat(world.newest().receipts()).isEqualTo(1);
        world.checkVault();
    }

    @Test
    void buildsNothingOnABatchThatIsNoneOfOurs() {
        calls(1);
        chain.happens((vault, epoch) -> {
            vault.seq = 1;
            return List.of(new VaultEvent.Posted(1, "11".repeat(32), "22".repeat(32), Amount.ZERO, Amount.ZERO));
        });
        assertThat(world.settle()).isEmpty();
    }

    @Test
    void leavesNothingBehindWhenItEndsBeforeTheBatchIsDurable() {
        calls(2);
        Transactions ends = (Transactions) Proxy.newProxyInstance(getClass().getClassLoader(),
                new Class<?>[] { Transactions.class }, (proxy, method, arguments) -> {
                    if (method.getName().equals("queue")) {
                        throw new IllegalStateException("the process ends here");
                    }
                    return method.invoke(chain, arguments);
                });
        world.outbox = ends;
        assertThatThrownBy(world::settle).hasMessageContaining("the process ends here");
        assertThat(world.batches()).isEmpty();
        world.outbox = chain;
        world.settledForGood();
        assertThat(world.newest().receipts()).isEqualTo(2);
    }

    @Test
    void severalServersBuildOneBatch() {
        calls(50);
        world.clock.advance(Duration.ofSeconds(6));
        List<CompletableFuture<Optional<Batch>>> servers = Stream.generate(world::settlement).limit(4)
                .map(server -> CompletableFuture.supplyAsync(server::settle)).toList();
        assertThat(servers.stream().flatMap(built -> built.join().stream())).hasSize(1);
        assertThat(world.batches()).hasSize(1);
    }

    @Test
    void takesNothingForALineThatWasLeft() {
        world.line(2, Amount.ofNanos(10_000), PLENTY);
        world.charge(2, 8, 1, 5_000);
        chain.happens((vault, epoch) -> {
            vault.line(2).deposited = 0;
            return List.of(new VaultEvent.Exited(2, WREN, Amount.ofNanos(10_000)));
        });
        assertThat(world.settle()).isEmpty();
    }

    @Test
    void paysOutWhatHasMaturedOnce() {
        calls(4);
        world.settledForGood();
        Withdrawals withdrawals = world.withdrawals();
        assertThatThrownBy(() -> withdrawals.withdraw(WREN)).isInstanceOf(NothingToWithdraw.class);
        assertThat(withdrawals.standing(WREN).maturing()).singleElement()
                .satisfies(maturing -> assertThat(maturing.from()).isEqualTo("2026-11-01T00:02:00Z"));
        chain.travel(Duration.ofSeconds(121));
        chain.mines(world.database);
        chain.deposits(1, WREN, PLENTY);
        Amount credited = Amount.ofNanos(34_000);
        assertThat(withdrawals.standing(WREN).withdrawable()).isEqualTo(credited);
        withdrawals.withdraw(WREN);
        assertThat(withdrawals.withdraw(WREN).state()).isEqualTo(Payouts.AttemptState.QUEUED);
        assertThat(world.sum("select count(*) from fake_outbox where purpose like 'withdrawal%'")).isEqualTo(1);
        world.posted();
        assertThat(withdrawals.standing(WREN).withdrawable().nanos()).isZero();
        assertThat(withdrawals.standing(WREN).withdrawn()).isEqualTo(credited);
        world.settle();
        assertThat(world.balance(Account.credited(WREN.text()))).describedAs("not final").isEqualTo(credited);
        int withWithdrawal = chain.blocks.size();
        chain.finalizes();
        world.settle();
        world.settle();
        assertThat(world.balance(Account.credited(WREN.text())).nanos()).isZero();
        assertThat(world.balance(Account.deposits()).nanos()).isEqualTo(-PLENTY.nanos() + 34_000);
        chain.restores(withWithdrawal - 2);
        world.settle();
        assertThat(world.balance(Account.credited(WREN.text()))).isEqualTo(credited);
        world.posted();
        chain.finalizes();
        world.settle();
        assertThat(world.balance(Account.credited(WREN.text())).nanos()).isZero();
    }

    @Test
    void booksAWithdrawalOnceWhenTwoServersLookAtDifferentHeads() {
        calls(4);
        world.settledForGood();
        chain.travel(Duration.ofSeconds(121));
        chain.mines(world.database);
        chain.deposits(1, WREN, PLENTY);
        world.withdrawals().withdraw(WREN);
        world.posted();
        CompletableFuture<?>[] other = { CompletableFuture.completedFuture(null) };
        ChainLog late = (ChainLog) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] { ChainLog.class },
                (proxy, method, arguments) -> {
                    Object read = method.invoke(chain, arguments);
                    if (method.getName().equals("ofPayee") && other[0].isDone()) {
                        // What this one has read gets old while another server books.
                        chain.finalizes();
                        other[0] = CompletableFuture.runAsync(() -> world.settlement().book(List.of(WREN)));
                        other[0].copy().completeOnTimeout(null, 1, TimeUnit.SECONDS).join();
                    }
                    return read;
                });
        Withdrawals slow = new Withdrawals(world.database, late, chain, world.deployment, FakeChain::withdraw, world.ledger,
                world.clock);
        world.database.inTransaction(connection -> {
            slow.reconcile(connection, WREN);
            return true;
        });
        other[0].join();
        assertThat(world.balance(Account.credited(WREN.text())).nanos()).isZero();
    }

    @Test
    void keepsNothingOfStrangersWhoWereNeverCredited() {
        Address stranger = address(0x99);
        world.settlement().book(List.of(stranger));
        assertThat(world.sum("select count(*) from payee_withdrawn")).isZero();
    }
}
