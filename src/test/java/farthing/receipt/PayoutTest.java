package farthing.receipt;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

import org.junit.jupiter.api.Test;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.chain.Address;
import farthing.money.Amount;

class PayoutTest {

    private static final long MOST_GAS = 1 << 24;

    /** What needs more gas than one transaction may use is never posted, nor is any batch after it. */
    @Test
    void manyNewPayeesAtOnceFitTheGasOfOneTransaction() throws IOException {
        JsonNode gas = new ObjectMapper().readTree(Path.of("contracts/snapshots/UsageVault.json").toFile());
        long rows = gas.path("post 100 rows").asLong();
        long credit = (gas.path("post 100 rows and 100 credits, payees' first").asLong() - rows) / 100 + 1;
        long row = (gas.path("post 1000 rows").asLong() - rows) / 900 + 1;
        Map<Address, Amount> owed = new HashMap<>();
        for (int i = 1; i <= 5_000; i++) {
            owed.put(Address.of(ByteBuffer.allocate(20).putInt(16, i).array()), Amount.ofNanos(5_000));
        }
        for (int lines : new int[] { 1, 10, 100, 1_000, 1_350, 2_600, 2_700 }) {
            int credits = Payout.credits(owed, ABatch.PLATFORM, Amount.ZERO, Amount.ofTokens(1), lines).size();
            assertThat(lines + credits).isLessThanOrEqualTo(Payout.MOST_ENTRIES);
            assertThat(50_000 + lines * row + credits * credit).as("gas with %d rows", lines).isLessThan(MOST_GAS);
            assertThat(credits).isGreaterThan(lines > 1_350 ? -1 : 300);
        }
    }
}
