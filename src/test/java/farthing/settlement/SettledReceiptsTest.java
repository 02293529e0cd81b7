package farthing.settlement;

import static farthing.settlement.BatchState.BUILT;
import static farthing.settlement.BatchState.FINAL;
import static farthing.settlement.BatchState.MINED;
import static farthing.settlement.BatchState.RELEASED;
import static farthing.settlement.BatchState.SENT;
import static farthing.settlement.BatchState.VOIDED;
import static farthing.settlement.World.PLENTY;
import static farthing.settlement.World.address;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.UUID;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import farthing.metering.Settled;
import farthing.metering.Settled.Stretch;

/** How many receipts the chain has for good: whoever drops their calls for ever asks for nothing else. */
class SettledReceiptsTest {

    private static final long LEASE = -5;

    private final World world = new World();
    private final Settled settled = new BatchesByHand(world.source).settled();

    @BeforeEach
    void aLine() {
        world.version(1, address(0x11), 7000, 0, 2000, 0, 1000);
        world.line(1, PLENTY, PLENTY);
    }

    @Test
    void countReceiptsOnceTheirBatchIsFinalAndNotBefore() {
        calls(3);
        assertThat(inFinalBatches(0, 2)).as("in no batch").isZero();
        world.settle();
        assertThat(world.newest().state()).isEqualTo(BUILT);
        assertThat(inFinalBatches(0, 2)).isZero();
        world.chain.signs(world.database);
        world.settlement().reconcile();
        assertThat(world.newest().state()).isEqualTo(SENT);
        assertThat(inFinalBatches(0, 2)).isZero();
        world.posted();
        assertThat(world.newest().state()).isEqualTo(MINED);
        assertThat(inFinalBatches(0, 2)).isZero();
        world.chain.finalizes();
        world.settlement().reconcile();
        assertThat(world.newest().state()).isEqualTo(FINAL);
        assertThat(inFinalBatches(0, 2)).isEqualTo(3);
    }

    @Test
    void countEachOnceThoughItsFirstBatchWasVoided() {
        calls(2);
        world.settledForGood();
        world.chain.voidsNewest();
        world.chain.finalizes();
        world.settlement().reconcile();
        assertThat(world.newest().state()).isEqualTo(VOIDED);
        assertThat(inFinalBatches(0, 1)).isZero();
        world.settledForGood();
        assertThat(world.batches()).extracting(Batch::state).containsExactly(VOIDED, FINAL);
        assertThat(inFinalBatches(0, 1)).isEqualTo(2);
    }

    @Test
    void countNothingOfABatchThatWasGivenUp() {
        calls(1);
        world.settle();
        world.chain.signs(world.database);
        world.chain.paused = true;
        world.chain.mines(world.database);
        world.chain.finalizes();
        world.settlement().reconcile();
        assertThat(world.newest().state()).isEqualTo(RELEASED);
        assertThat(inFinalBatches(0, 0)).isZero();
    }

    @Test
    void countOnlyWhatIsAskedFor() {
        calls(3);
        world.settledForGood();
        calls(3);
        world.charge(1, 9, 1, 777);
        world.settledForGood();
        calls(1);
        assertThat(inFinalBatches(1, 1)).as("within a run").isEqualTo(1);
        assertThat(inFinalBatches(2, 3)).as("across two batches").isEqualTo(2);
        assertThat(inFinalBatches(0, 6)).as("up to one that is in none").isEqualTo(6);
        assertThat(inFinalBatches(6, 6)).isZero();
        assertThat(inFinalBatches(new Stretch(LEASE, 4, 5, 2), new Stretch(9, 0, 0, 1), new Stretch(8, 0, 5, 6))).isEqualTo(3);
        assertThat(inFinalBatches()).isZero();
    }

    @Test
    void countTheNeighboursOfAReversedOne() {
        calls(1);
        UUID reversed = world.charge(1, LEASE, 1, 200);
        calls(1);
        world.reverse(reversed, 1, 200);
        world.settledForGood();
        assertThat(inFinalBatches(new Stretch(LEASE, 0, 0, 1), new Stretch(LEASE, 2, 2, 1))).isEqualTo(2);
        assertThat(inFinalBatches(1, 1)).as("no batch holds what was reversed before").isZero();
    }

    private void calls(int calls) {
        for (int i = 0; i < calls; i++) {
            world.charge(1, LEASE, 1, 12_345);
        }
    }

    private long inFinalBatches(int first, int last) {
        return inFinalBatches(new Stretch(LEASE, first, last, last - first + 1));
    }

    private long inFinalBatches(Stretch... stretches) {
        return world.database.read(connection -> settled.inFinalBatches(connection, List.of(stretches)));
    }
}
