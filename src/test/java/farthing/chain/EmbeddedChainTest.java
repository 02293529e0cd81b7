package farthing.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import farthing.TestChain;

class EmbeddedChainTest {

    @TempDir
    Path folder;

    private final SigningKey robin = SigningKey.generate(new SecureRandom());
    private final EmbeddedChain.Keys keys = new EmbeddedChain.Keys(key(), key(), key(), key(), List.of(robin.address()));

    @Test
    void deploysOnceAndKeepsItsStateOverAStop() {
        String before;
        Deployment first;
        try (EmbeddedChain chain = start()) {
            first = chain.deployment();
            assertThat(code(chain, first.vault())).hasSizeGreaterThan(1_000);
            assertThat(tokens(chain)).isEqualTo("3b9aca00");
            assertThat(TestChain.rpc(chain.rpc(), "eth_accounts")).isEmpty();
            before = TestChain.rpc(chain.rpc(), "eth_getBlockByNumber", "0x3", false).get("hash").asText();
        }
        try (EmbeddedChain chain = start()) {
            assertThat(chain.deployment()).isEqualTo(first);
            assertThat(TestChain.rpc(chain.rpc(), "eth_getBlockByNumber", "0x3", false).get("hash").asText()).isEqualTo(before);
            assertThat(tokens(chain)).isEqualTo("3b9aca00");
        }
    }

    @Test
    void deploysAgainAtTheSameAddressesWhenItsStateWasLost() throws Exception {
        Deployment first;
        try (EmbeddedChain chain = start()) {
            first = chain.deployment();
        }
        Files.delete(folder.resolve("state.json"));
        try (EmbeddedChain chain = start()) {
            assertThat(chain.deployment()).isEqualTo(first);
            assertThat(code(chain, first.vault())).hasSizeGreaterThan(1_000);
            assertThat(tokens(chain)).isEqualTo("3b9aca00");
        }
    }

    @Test
    void goesOnAtTheSamePortAfterAKillWithWhatWasMined() throws Exception {
        try (EmbeddedChain chain = start()) {
            SigningKey wallet = robin;
            String address = wallet.address().text();
            byte[] signed = wallet.sign(org.web3j.crypto.RawTransaction.createEtherTransaction(EmbeddedChain.CHAIN_ID,
                    java.math.BigInteger.ZERO, java.math.BigInteger.valueOf(21_000), chain.deployment().token().text()
                            .replaceAll(".$", "1"),
                    java.math.BigInteger.ONE, java.math.BigInteger.ONE, java.math.BigInteger.valueOf(100_000_000_000L)));
            String sent = TestChain.rpc(chain.rpc(), "eth_sendRawTransaction", org.web3j.utils.Numeric.toHexString(signed))
                    .asText();
            // Sooner than what is kept in any case.
            await(Duration.ofSeconds(20), () -> kept().contains(sent));
            long killed = chain.pid();
            ProcessHandle.of(killed).orElseThrow().destroyForcibly();
            await(Duration.ofSeconds(60), () -> chain.pid() != killed);
            assertThat(TestChain.rpc(chain.rpc(), "eth_getTransactionCount", address, "latest").asText()).isEqualTo("0x1");
            assertThat(code(chain, chain.deployment().vault())).hasSizeGreaterThan(1_000);
        }
    }

    @Test
    void stopsTheOrphanOfAKilledServerAndKeepsWhatItMined() {
        EmbeddedChain orphaned = start();
        orphaned.stopWatching();
        TestChain.rpc(orphaned.rpc(), "anvil_setBalance", orphaned.deployment().token().text(), "0x7");
        long orphan = orphaned.pid();
        try (EmbeddedChain chain = start()) {
            assertThat(chain.rpc()).isEqualTo(orphaned.rpc());
            assertThat(ProcessHandle.of(orphan).map(ProcessHandle::isAlive).orElse(false)).isFalse();
            assertThat(TestChain.rpc(chain.rpc(), "eth_getBalance", chain.deployment().token().text(), "latest").asText())
                    .isEqualTo("0x7");
        }
    }

    @Test
    void saysWhereToLookWhenTheStateCannotBeRead() throws Exception {
        Files.writeString(folder.resolve("state.json"), "{");
        assertThatThrownBy(this::start).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("the embedded chain did not start").hasMessageContaining("anvil.log");
    }

    private EmbeddedChain start() {
        return EmbeddedChain.start(TestChain.BINARY, folder, keys, what -> {
        });
    }

    private static SigningKey key() {
        return SigningKey.generate(new SecureRandom());
    }

    private static String code(EmbeddedChain chain, Address at) {
        return TestChain.rpc(chain.rpc(), "eth_getCode", at.text(), "latest").asText();
    }

    private String tokens(EmbeddedChain chain) {
        String balance = TestChain.rpc(chain.rpc(), "eth_call", Map.of("to", chain.deployment().token().text(), "data",
                "0x70a08231" + "0".repeat(24) + robin.address().text().substring(2)), "latest").asText();
        return balance.substring(2).replaceFirst("^0+", "");
    }

    private String kept() {
        try {
            return Files.readString(folder.resolve("state.json"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void await(Duration atMost, java.util.function.BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + atMost.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.sleep(50);
        }
    }
}
