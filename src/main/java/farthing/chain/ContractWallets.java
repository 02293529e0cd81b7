package farthing.chain;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

import jakarta.inject.Singleton;

import org.web3j.abi.FunctionEncoder;
import org.web3j.abi.datatypes.DynamicBytes;
import org.web3j.abi.datatypes.Function;
import org.web3j.abi.datatypes.generated.Bytes32;

import farthing.web.Problem;

/** Wallets that are contracts and judge their signatures themselves (EIP-1271). */
@Singleton
public class ContractWallets {

    private static final byte[] MAGIC = HexFormat.of().parseHex("1626ba7e");
    /** 400,000, of which about the 200,000 that the vault gives are left to the wallet: it must not keep the node busy. */
    private static final String GAS = "0x61a80";

    private final Rpc rpc;

    ContractWallets(Deployment deployment) {
        rpc = new Rpc(deployment.rpc());
    }

    /** The chain is away, so that nobody can say whether a contract accepts the signature. */
    public static final class ChainAway extends Problem {
        ChainAway() {
            super(503, "chain_away",
                    "The signature is not by the key of this address. A wallet that is a contract may accept it"
                            + " all the same, but the chain, which would have to be asked, does not answer now. Try again in a minute.");
        }
    }

    /**
     * Asks the chain: not to be called inside a database transaction.
     *
     * @param digest 32 bytes
     * @return false also when there is no contract
     * @throws ChainAway when it cannot be known
     */
    public boolean accepts(Address wallet, byte[] digest, byte[] signature) {
        String call = FunctionEncoder.encode(new Function("isValidSignature",
                List.of(new Bytes32(digest), new DynamicBytes(signature)), List.of()));
        try {
            byte[] answer = rpc.bytes("eth_call", Map.of("to", wallet.text(), "data", call, "gas", GAS), "latest");
            // A word, and nothing in it after the four bytes, as the vault's library asks for.
            return answer.length == 32 && Arrays.equals(answer, Arrays.copyOf(MAGIC, 32));
        } catch (NodeRefused reverted) {
            return false;
        } catch (NodeFailed e) {
            throw new ChainAway();
        }
    }

    /** By {@code personal_sign}. */
    public boolean acceptsPersonal(Address wallet, String message, byte[] signature) {
        return accepts(wallet, Signatures.personalDigest(message), signature);
    }
}
