package farthing.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.time.Duration;
import java.util.HexFormat;

import org.junit.jupiter.api.Test;

import farthing.money.Amount;

class VaultCallsTest {

    private static final Address VAULT = new Address("0x00000000000000000000000000000000000fa401");
    private static final Address TOKEN = new Address("0x00000000000000000000000000000000000fa402");

    private final VaultCalls calls = new VaultCalls(new Deployment(31337, VAULT, TOKEN, VAULT, VAULT,
            URI.create("http://127.0.0.1:1"), null, Duration.ofMinutes(1), Duration.ofDays(2)));

    @Test
    void encodesAsTheAbiSays() {
        Call call = calls.deposit(-1, Amount.ofTokens(25));
        assertThat(call.to()).isEqualTo(VAULT);
        String selector = HexFormat.of().formatHex(Keccak.hash("deposit(uint32,uint64)"), 0, 4);
        assertThat(HexFormat.of().formatHex(call.data())).isEqualTo(
                selector + "00000000000000000000000000000000000000000000000000000000ffffffff"
                        + "00000000000000000000000000000000000000000000000000000000017d7840");
    }

    @Test
    void approvesAtTheTokenAndRefusesWhatTheChainCannotCount() {
        assertThat(calls.approve(Amount.ofNanos(1_000)).to()).isEqualTo(TOKEN);
        assertThatThrownBy(() -> calls.approve(Amount.ofNanos(1_001))).hasMessageContaining("micro-units");
        assertThatThrownBy(() -> calls.deposit(1, Amount.ofNanos(-1_000))).hasMessageContaining("micro-units");
    }
}
