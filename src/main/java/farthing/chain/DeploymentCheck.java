package farthing.chain;

import java.math.BigInteger;
import java.net.URI;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.web3j.utils.Numeric;

/** Whether what the settings name is there and fits together. Each fault is one sentence that says what to do. */
final class DeploymentCheck {

    private static final byte PUSH32 = 0x7f;
    private static final int WORD = 32;
    private static final int LEAST_DECIMALS = 6;

    private final Rpc rpc;
    private final Expected expected;

    /** What the settings say. */
    record Expected(URI rpc, @Nullable URI publicRpc, long chainId, Address vault, Address token, Address registry,
            Address operator) {

        Deployment with(Duration epoch, Duration exitDelay) {
            return new Deployment(chainId, vault, token, registry, operator, rpc, publicRpc, epoch, exitDelay);
        }
    }

    private DeploymentCheck(Rpc rpc, Expected expected) {
        this.rpc = rpc;
        this.expected = expected;
    }

    /**
     * @throws NodeAway when nobody answers, with the reason only
     * @throws IllegalStateException for everything else that is wrong
     */
    static Deployment check(Expected expected) throws NodeAway {
        try (Rpc rpc = new Rpc(expected.rpc())) {
            return new DeploymentCheck(rpc, expected).check();
        } catch (NodeAway e) {
            throw e;
        } catch (NodeFailed e) {
            throw new IllegalStateException("what answers at FARTHING_CHAIN_RPC_URL is no EVM node (" + e.getMessage()
                    + "); set it to the JSON-RPC address of one.", e);
        }
    }

    private Deployment check() throws NodeFailed {
        long chainId = rpc.number("eth_chainId");
        if (chainId != expected.chainId()) {
            throw new IllegalStateException("the node at FARTHING_CHAIN_RPC_URL is on chain " + chainId
                    + ", and FARTHING_CHAIN_ID says " + expected.chainId() + "; change the one that is wrong.");
        }
        requireCode("FARTHING_VAULT", "usage vault", expected.vault(), UsageVault.BINARY);
        requireCode("FARTHING_REGISTRY", "model registry", expected.registry(), ModelRegistry.BINARY);
        requireToken();
        requireRole();
        return expected.with(seconds("EPOCH()"), seconds("EXIT_DELAY()"));
    }

    private void requireCode(String setting, String what, Address at, String creation) throws NodeFailed {
        byte[] code = code(setting, at);
        if (!runs(code, Numeric.hexStringToByteArray(creation))) {
            throw new IllegalStateException("the contract at " + setting + " " + at + " is not the " + what
                    + " of this release; set it to the one that was deployed from contracts/abi.");
        }
    }

    private byte[] code(String setting, Address at) throws NodeFailed {
        byte[] code = rpc.bytes("eth_getCode", at.text(), "latest");
        if (code.length == 0) {
            throw new IllegalStateException("there is no contract at " + setting + " " + at + " on chain "
                    + expected.chainId() + "; check the address and the chain.");
        }
        return code;
    }

    private void requireToken() throws NodeFailed {
        Address token = Address.of(Arrays.copyOfRange(word(expected.vault(), "TOKEN()"), 12, WORD));
        if (!token.equals(expected.token())) {
            throw new IllegalStateException("the vault's token is " + token + ", and FARTHING_TOKEN says " + expected.token()
                    + "; change the one that is wrong.");
        }
        code("FARTHING_TOKEN", token);
        long decimals = number(word(token, "decimals()")).longValue();
        BigInteger scale = number(word(expected.vault(), "SCALE()"));
        if (decimals < LEAST_DECIMALS || decimals > 77
                || !scale.equals(BigInteger.TEN.pow((int) decimals - LEAST_DECIMALS))) {
            throw new IllegalStateException("the token at FARTHING_TOKEN " + token + " has " + decimals
                    + " decimals now, and the vault was made for " + (scale.toString().length() - 1 + LEAST_DECIMALS)
                    + ": amounts would be wrong; use a vault and a token that fit.");
        }
    }

    private void requireRole() throws NodeFailed {
        Address operator = Address.of(Arrays.copyOfRange(word(expected.vault(), "operator()"), 12, WORD));
        if (!operator.equals(expected.operator())) {
            throw new IllegalStateException("the key in FARTHING_OPERATOR_KEY is that of " + expected.operator()
                    + ", and only " + operator + " may post to the vault; set its key, or have the cold key replace the"
                    + " operator.");
        }
    }

    private Duration seconds(String function) throws NodeFailed {
        return Duration.ofSeconds(number(word(expected.vault(), function)).longValueExact());
    }

    /** The first word of the answer. */
    private byte[] word(Address contract, String function) throws NodeFailed {
        String selector = "0x" + HexFormat.of().formatHex(Keccak.hash(function), 0, 4);
        byte[] answer;
        try {
            answer = rpc.bytes("eth_call", Map.of("to", contract.text(), "data", selector), "latest");
        } catch (NodeRefused e) {
            answer = new byte[0];
        }
        if (answer.length < WORD) {
            throw new IllegalStateException("the contract at " + contract + " does not answer " + function
                    + ", so it is not what the settings say; check FARTHING_VAULT and FARTHING_TOKEN.");
        }
        return Arrays.copyOf(answer, WORD);
    }

    private static BigInteger number(byte[] word) {
        return new BigInteger(1, word);
    }

    /**
     * What runs is the end of what creates it, except that its constructor has put immutables where 32 zeros are pushed.
     */
    static boolean runs(byte[] code, byte[] creation) {
        int start = creation.length - code.length;
        if (start < 0) {
            return false;
        }
        int i = 0;
        while (i < code.length) {
            if (code[i] != creation[start + i]) {
                return false;
            }
            boolean immutable = code[i] == PUSH32 && i + WORD < code.length && zeros(creation, start + i + 1);
            i += immutable ? 1 + WORD : 1;
        }
        return true;
    }

    private static boolean zeros(byte[] bytes, int from) {
        for (int i = from; i < from + WORD; i++) {
            if (bytes[i] != 0) {
                return false;
            }
        }
        return true;
    }
}
