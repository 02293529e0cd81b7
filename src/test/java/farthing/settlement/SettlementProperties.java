package farthing.settlement;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;

import farthing.chain.Address;
import farthing.money.Amount;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/** Whatever calls are made, however they are divided, and whatever the chain does: no nano is lost, made or paid twice. */
class SettlementProperties {

    private static final int VERSIONS = 4;

    private record Call(UUID receipt, int line, long lease, int seq, long nanos) {
    }

    /** One takes seconds, so the tests have few and {@code ./farthing soak settlement} has many. */
    private static final int HISTORIES = Integer.getInteger("farthing.soak-histories", 2);

    @Property(tries = 1, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void moneyNeverLeaks(@ForAll long seed) {
        for (long history = seed; history < seed + HISTORIES; history++) {
            moneyNeverLeaksIn(history);
        }
    }

    private static void moneyNeverLeaksIn(long seed) {
        World world = new World(seed);
        Random random = new Random(seed);
        world.threshold = Amount.ofNanos(random.nextInt(3) * 50_000L);
        world.mostLines = 1 + random.nextInt(4);
        for (int version = 1; version <= VERSIONS; version++) {
            world.version(version, world(random), split(random));
        }
        int lines = 1 + random.nextInt(4);
        for (int line = 1; line <= lines; line++) {
            world.line(line, Amount.ofTokens(1), Amount.ofNanos(1_000L * random.nextInt(2_000)));
        }
        List<Call> calls = new ArrayList<>();
        int start = world.chain.blocks.size();
        for (int round = 0; round < 12; round++) {
            for (int i = random.nextInt(30); i > 0; i--) {
                int line = 1 + random.nextInt(lines);
                long lease = random.nextInt(3) * 1_000_003L - line;
                long nanos = random.nextInt(4) == 0 ? random.nextInt(3) : random.nextInt(60_000);
                int seq = world.seqs.getOrDefault(lease, 0);
                calls.add(new Call(world.charge(line, lease, 1 + random.nextInt(VERSIONS), nanos), line, lease, seq, nanos));
            }
            reverseOne(world, random, calls);
            world.settle();
            world.check();
            happens(world, random, start);
            world.check();
        }
        // In the end everything is posted that the chain pays for.
        world.chain.paused = false;
        for (int line = 1; line <= lines; line++) {
            world.chain.raises(line, Amount.ofTokens(1));
        }
        world.chain.finalizes();
        for (int i = 0; i < 60 && world.sum("select count(*) from unsettled_lease") > 0; i++) {
            world.settledForGood();
        }
        world.check();
        world.checkVault();
        assertThat(world.balance(farthing.ledger.Account.charges()).nanos()).isZero();
        assertThat(world.batches().getLast().state()).isEqualTo(BatchState.FINAL);
    }

    private static void happens(World world, Random random, int start) {
        FakeChain chain = world.chain;
        switch (random.nextInt(9)) {
            case 0 -> chain.signs(world.database);
            case 1, 2 -> world.posted();
            case 3, 4, 5 -> {
                world.posted();
                chain.finalizes();
            }
            case 6 -> chain.restores(start - 1 + random.nextInt(chain.blocks.size() - start + 1));
            case 7 -> chain.paused = !chain.paused;
            default -> {
                if (!chain.vault().live.isEmpty()) {
                    chain.voidsNewest();
                    chain.finalizes();
                }
            }
        }
        world.settlement().reconcile();
    }

    /** As a server may that learns late that a call was durable: only what no batch holds. */
    private static void reverseOne(World world, Random random, List<Call> calls) {
        if (calls.isEmpty() || random.nextBoolean()) {
            return;
        }
        Call call = calls.remove(random.nextInt(calls.size()));
        long settled = world.sum("select coalesce(max(next_seq), 0) from settled_lease where lease = " + call.lease);
        if (call.seq >= settled && call.nanos > 0) {
            world.reverse(call.receipt, call.line, call.nanos);
        }
    }

    private static Address world(Random random) {
        return World.address(1 + random.nextInt(3));
    }

    private static int[] split(Random random) {
        int[] parts = new int[5];
        int left = 10_000;
        for (int i = 0; i < 4; i++) {
            parts[i] = random.nextInt(4) == 0 ? 0 : random.nextInt(left + 1);
            left -= parts[i];
        }
        parts[4] = left;
        return parts;
    }
}
