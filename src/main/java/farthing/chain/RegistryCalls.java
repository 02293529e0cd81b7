package farthing.chain;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

import jakarta.inject.Singleton;

import org.web3j.protocol.core.RemoteFunctionCall;
import org.web3j.tx.ReadonlyTransactionManager;
import org.web3j.tx.gas.StaticGasProvider;
import org.web3j.utils.Numeric;

import farthing.money.Price;
import farthing.money.Split;

/** Statements of the model registry as their owners sign them (EIP-712), and the calls that relay them. */
@Singleton
public class RegistryCalls {

    private static final Eip712.Type VERSION = Eip712.type("VersionRecord(address owner,string name,bytes32 artefactHash,"
            + "bytes32 provenanceHash,bytes32 baseVersion,bytes32 snapshotsHash,bytes32 splitHash,uint40 deadline)");
    private static final Eip712.Type OFFER = Eip712.type("Offer(bytes32 version,uint32 number,uint64 perMillionInputTokens,"
            + "uint64 perMillionOutputTokens,uint64 perCall,uint64 perItem,uint40 from,uint40 deadline)");
    private static final byte[] NONE = new byte[32];

    private final Deployment deployment;
    private final ModelRegistry registry;

    RegistryCalls(Deployment deployment) {
        this.deployment = deployment;
        // The wrapper only encodes here; it is given no node to talk to.
        registry = ModelRegistry.load(deployment.registry().text(), null,
                new ReadonlyTransactionManager(null, deployment.operator().text()),
                new StaticGasProvider(BigInteger.ZERO, BigInteger.ZERO));
    }

    /**
     * An immutable version, made from no registered version or snapshot.
     *
     * @param name unique for its owner, such as {@code kjv@1}
     * @param artefactHash SHA-256 of the model file
     */
    public record Version(Address owner, String name, byte[] artefactHash, byte[] provenanceHash, byte[] splitHash) {

        /** Under which the registry keeps it: keccak256(owner ‖ name). */
        public byte[] id() {
            return Keccak.hash(owner.bytes(), name.getBytes(StandardCharsets.UTF_8));
        }
    }

    /**
     * The next price list of a registered version.
     *
     * @param version its id in the registry
     * @param number 1 for the first, one more for each next
     * @param from whole seconds; in the past: at once
     */
    public record Offer(byte[] version, int number, Price price, Instant from) {
    }

    /** The 32 bytes that the owner signs. */
    public byte[] digest(Version version, Instant deadline) {
        return domain().digest(VERSION.with().address(version.owner()).string(version.name()).bytes32(version.artefactHash())
                .bytes32(version.provenanceHash()).bytes32(NONE).bytes32(NONE).bytes32(version.splitHash())
                .uint(deadline.getEpochSecond()).hash());
    }

    /** The 32 bytes that the owner of the version signs. */
    public byte[] digest(Offer offer, Instant deadline) {
        Price price = offer.price();
        return domain().digest(OFFER.with().bytes32(offer.version()).uint(offer.number()).uint(price.perMillionInputTokens())
                .uint(price.perMillionOutputTokens()).uint(price.perCall()).uint(price.perItem())
                .uint(offer.from().getEpochSecond()).uint(deadline.getEpochSecond()).hash());
    }

    public Call relay(Version version, Instant deadline, byte[] signature) {
        return call(registry.relayVersion(new ModelRegistry.VersionRecord(version.owner().text(), version.name(),
                version.artefactHash(), version.provenanceHash(), NONE, NONE, version.splitHash()), seconds(deadline),
                signature));
    }

    public Call relay(Offer offer, Instant deadline, byte[] signature) {
        Price price = offer.price();
        return call(registry.relayOffer(offer.version(), BigInteger.valueOf(offer.number()), new ModelRegistry.Prices(
                BigInteger.valueOf(price.perMillionInputTokens()), BigInteger.valueOf(price.perMillionOutputTokens()),
                BigInteger.valueOf(price.perCall()), BigInteger.valueOf(price.perItem())), seconds(offer.from()),
                seconds(deadline), signature));
    }

    /**
     * keccak256 of the five parts in basis points, two bytes each: developer ‖ base model ‖ data pool ‖ validators ‖ platform.
     */
    public static byte[] splitHash(Split split) {
        return Keccak.hash(ByteBuffer.allocate(10).putShort((short) split.developer()).putShort((short) split.baseModel())
                .putShort((short) split.dataPool()).putShort((short) split.validators()).putShort((short) split.platform())
                .array());
    }

    /** keccak256, as the registry's readers compute it. */
    public static byte[] hash(byte[] bytes) {
        return Keccak.hash(bytes);
    }

    private Eip712.Domain domain() {
        return new Eip712.Domain("Farthing", "1", deployment.chainId(), deployment.registry());
    }

    private Call call(RemoteFunctionCall<?> call) {
        return new Call(deployment.registry(), Numeric.hexStringToByteArray(call.encodeFunctionCall()));
    }

    private static BigInteger seconds(Instant time) {
        return BigInteger.valueOf(time.getEpochSecond());
    }
}
