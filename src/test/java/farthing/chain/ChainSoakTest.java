package farthing.chain;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import farthing.chain.LocalChain.Fault;
import farthing.money.Amount;

/**
 * Random transactions, re-orgs, restored states and failures of the node, of two servers with one database; then
 * the books. Seed and length are the system properties {@code farthing.soak-seed} and {@code
 * farthing.soak-seconds}.
 */
@Timeout(3600)
class ChainSoakTest {

    private final long seed = Long.getLong("farthing.soak-seed", System.nanoTime());
    private final Duration length = Duration.ofSeconds(Long.getLong("farthing.soak-seconds", 6));
    private final Random random = new Random(seed);

    @TempDir
    Path folder;

    @Test
    void everyTransactionIsMinedOnceAfterRandomFaults() throws Exception {
        System.out.println("chain soak: -Dfarthing.soak-seed=" + seed);
        try (LocalChain chain = new LocalChain(folder)) {
            Sender[] servers = { Sender.empty(chain, "chain_soak"), null };
            servers[1] = servers[0].anew();
            List<String> purposes = new ArrayList<>();
            Path older = chain.save("older");
            long first = 0;
            int faults = 0;
            int opened = 0;
            int rounds = 0;
            for (long end = System.nanoTime() + length.toNanos(); System.nanoTime() < end; rounds++) {
                int one = random.nextInt(2);
                switch (random.nextInt(16)) {
                    case 0, 1, 2, 3 -> {
                        String purpose = "mint " + purposes.size();
                        servers[one].mint(purpose);
                        purposes.add(purpose);
                    }
                    case 4 -> {
                        chain.send(LocalChain.PAYER, chain.calls.openLine(LocalChain.PAYER));
                        opened++;
                    }
                    case 5 -> {
                        // anvil cannot go back behind the block of the state that it was started with.
                        long depth = Math.min(1 + random.nextInt(6), chain.honest().latest().number() - first - 2);
                        if (depth > 0) {
                            chain.tell("anvil_reorg", depth, List.of());
                        }
                    }
                    case 6 -> servers[one] = servers[one].anew();
                    case 7 -> {
                        if (random.nextInt(4) == 0) {
                            older = chain.save("older");
                        } else if (random.nextInt(6) == 0) {
                            chain.kill();
                            chain.start(older);
                            first = chain.honest().latest().number();
                        }
                    }
                    case 8 -> servers[one].clock.advance(Duration.ofSeconds(random.nextInt(40)));
                    case 9 -> chain.tell("anvil_setNextBlockBaseFeePerGas", "0x" + Long.toHexString(random.nextLong(1L << 34)));
                    default -> chain.mine(1 + random.nextInt(2));
                }
                int share = random.nextInt(4) == 0 ? 4 : 1000;
                chain.faults = request -> random.nextInt(share) == 0 ? Fault.values()[random.nextInt(4)] : Fault.NONE;
                try {
                    servers[one].step();
                } catch (NodeFailed expected) {
                    faults++;
                }
            }
            chain.faults = request -> Fault.NONE;
            servers[0].mirrored.catchUp();
            servers[0].untilFinal(purposes.toArray(String[]::new));
            System.out.println("chain soak: " + purposes.size() + " transactions, " + opened + " lines, " + faults
                    + " failures in " + rounds + " rounds");
            assertThat(servers[0].minted()).isEqualTo(Amount.ofTokens(purposes.size()));
            servers[1].check();
        }
    }
}
