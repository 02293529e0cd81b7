package farthing.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.web3j.abi.FunctionEncoder;

import com.sun.net.httpserver.HttpServer;

import farthing.Ports;
import farthing.TestChain;
import farthing.chain.DeploymentCheck.Expected;

/** What can be wrong with the settings of a chain, on a real one. */
class DeploymentCheckTest {

    private final Deployment good = TestChain.deployment();
    private final Expected expected = new Expected(good.rpc(), null, good.chainId(), good.vault(), good.token(),
            good.registry(), good.operator());

    @Test
    void readsTheVaultsTimes() throws Exception {
        Deployment checked = DeploymentCheck.check(expected);
        assertThat(checked.epoch()).isEqualTo(EmbeddedChain.EPOCH);
        assertThat(checked.exitDelay()).isEqualTo(EmbeddedChain.EXIT_DELAY);
    }

    @Test
    void anotherChainIsNamed() {
        refuses(new Expected(good.rpc(), null, 1, good.vault(), good.token(), good.registry(), good.operator()),
                "is on chain 31337, and FARTHING_CHAIN_ID says 1");
    }

    @Test
    void anAddressWithoutCodeIsNamed() {
        Address nobody = SigningKey.generate(new SecureRandom()).address();
        refuses(new Expected(good.rpc(), null, good.chainId(), nobody, good.token(), good.registry(), good.operator()),
                "there is no contract at FARTHING_VAULT " + nobody);
    }

    @Test
    void anotherContractIsNamed() {
        refuses(new Expected(good.rpc(), null, good.chainId(), good.token(), good.token(), good.registry(), good.operator()),
                "FARTHING_VAULT " + good.token() + " is not the usage vault of this release");
        refuses(new Expected(good.rpc(), null, good.chainId(), good.vault(), good.token(), good.token(), good.operator()),
                "FARTHING_REGISTRY " + good.token() + " is not the model registry of this release");
    }

    @Test
    void anotherTokenIsNamed() {
        refuses(new Expected(good.rpc(), null, good.chainId(), good.vault(), good.registry(), good.registry(),
                good.operator()), "the vault's token is " + good.token() + ", and FARTHING_TOKEN says " + good.registry());
    }

    @Test
    void aTokenThatChangedItsDecimalsIsNamed() {
        String snapshot = TestChain.snapshot();
        try {
            // Returns 18, whatever it is asked.
            TestChain.rpc("anvil_setCode", good.token().text(), "0x601260005260206000f3");
            refuses(expected, "has 18 decimals now, and the vault was made for 6");
            TestChain.rpc("anvil_setCode", good.token().text(), "0x600560005260206000f3");
            refuses(expected, "has 5 decimals now");
        } finally {
            TestChain.revert(snapshot);
        }
    }

    @Test
    void aKeyWithoutTheRoleIsNamed() {
        Address other = SigningKey.generate(new SecureRandom()).address();
        refuses(new Expected(good.rpc(), null, good.chainId(), good.vault(), good.token(), good.registry(), other),
                "FARTHING_OPERATOR_KEY is that of " + other + ", and only " + good.operator() + " may post");
    }

    @Test
    void whatIsNoEvmNodeIsNamed() throws IOException {
        for (String body : new String[] { "<html>hello</html>", "{\"jsonrpc\":\"2.0\",\"id\":0,\"error\":{\"code\":-32601,"
                + "\"message\":\"Method not found\"}}", "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":\"mainnet-beta\"}", "{}" }) {
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.createContext("/", exchange -> {
                byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
                exchange.sendResponseHeaders(200, bytes.length);
                exchange.getResponseBody().write(bytes);
                exchange.close();
            });
            server.start();
            try {
                refuses(at(URI.create("http://127.0.0.1:" + server.getAddress().getPort())),
                        "what answers at FARTHING_CHAIN_RPC_URL is no EVM node");
            } finally {
                server.stop(0);
            }
        }
    }

    @Test
    void aNodeThatIsAwayEndsOnlyTheFirstStart(@TempDir Path data) throws IOException {
        try (var nobody = Ports.refusing()) {
            Expected away = at(URI.create("http://127.0.0.1:" + nobody.port()));
            assertThatThrownBy(() -> new CheckedBefore(data).orCheck(away)).isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("nobody answers at FARTHING_CHAIN_RPC_URL");

            Deployment checked = new CheckedBefore(data).orCheck(expected);

            Deployment recalled = new CheckedBefore(data).orCheck(away);
            assertThat(recalled.exitDelay()).isEqualTo(checked.exitDelay());
            assertThat(recalled.vault()).isEqualTo(checked.vault());
            assertThatThrownBy(() -> new CheckedBefore(data).orCheck(
                    new Expected(away.rpc(), null, 1, good.vault(), good.token(), good.registry(), good.operator())))
                    .hasMessageContaining("nobody answers");
        }
    }

    @Test
    void aVaultWithOtherImmutablesIsStillTheVault() {
        SigningKey deployer = TestChain.fundedKey();
        Address vault = TestChain.deploy(good.rpc(), deployer, "0x" + UsageVault.BINARY
                + FunctionEncoder.encodeConstructor(java.util.List.of(address(good.token()), address(good.operator()),
                        address(deployer.address()), address(deployer.address()), uint(120), uint(600), uint(100_000),
                        uint(300))));
        assertThat(TestChain.rpc("eth_getCode", vault.text(), "latest"))
                .isNotEqualTo(TestChain.rpc("eth_getCode", good.vault().text(), "latest"));
        assertThat(org.assertj.core.api.Assertions.catchThrowable(() -> DeploymentCheck.check(
                new Expected(good.rpc(), null, good.chainId(), vault, good.token(), good.registry(), good.operator()))))
                .isNull();
    }

    private Expected at(URI rpc) {
        return new Expected(rpc, null, good.chainId(), good.vault(), good.token(), good.registry(), good.operator());
    }

    private static org.web3j.abi.datatypes.Address address(Address address) {
        return new org.web3j.abi.datatypes.Address(address.text());
    }

    private static org.web3j.abi.datatypes.generated.Uint40 uint(long seconds) {
        return new org.web3j.abi.datatypes.generated.Uint40(seconds);
    }

    private static void refuses(Expected settings, String words) {
        assertThatThrownBy(() -> DeploymentCheck.check(settings)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(words);
    }
}
