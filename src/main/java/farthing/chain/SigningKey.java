package farthing.chain;

import java.math.BigInteger;
import java.security.SecureRandom;
import java.util.regex.Pattern;

import org.web3j.crypto.Credentials;
import org.web3j.crypto.ECKeyPair;
import org.web3j.crypto.Keys;
import org.web3j.crypto.RawTransaction;
import org.web3j.crypto.Sign;
import org.web3j.crypto.TransactionEncoder;
import org.web3j.utils.Numeric;

/** A private key that signs for one address. Its text form never shows the key. */
public final class SigningKey {

    private static final Pattern FORM = Pattern.compile("(0x)?[0-9a-fA-F]{64}");

    private final ECKeyPair pair;
    private final byte[] secret;
    private final byte[] publicKey;
    private final Address address;

    private SigningKey(BigInteger number) {
        pair = ECKeyPair.create(number);
        secret = Numeric.toBytesPadded(number, 32);
        publicKey = Numeric.toBytesPadded(pair.getPublicKey(), 64);
        address = new Address("0x" + Keys.getAddress(pair));
    }

    /**
     * @param hex 64 hex digits, with or without {@code 0x}
     * @throws IllegalArgumentException when it is no private key; the message does not repeat it
     */
    public static SigningKey ofHex(String hex) {
        if (!FORM.matcher(hex).matches()) {
            throw new IllegalArgumentException("a private key must be 64 hex digits, with or without 0x");
        }
        BigInteger secret = Numeric.toBigInt(hex);
        if (secret.signum() == 0 || secret.compareTo(Sign.CURVE_PARAMS.getN()) >= 0) {
            throw new IllegalArgumentException("a private key must lie between 1 and the order of secp256k1");
        }
        return new SigningKey(secret);
    }

    public static SigningKey generate(SecureRandom random) {
        BigInteger secret;
        do {
            secret = new BigInteger(256, random);
        } while (secret.signum() == 0 || secret.compareTo(Sign.CURVE_PARAMS.getN()) >= 0);
        return new SigningKey(secret);
    }

    public Address address() {
        return address;
    }

    /** The key itself as {@code 0x} and 64 digits, for the file that keeps it. */
    public String secretHex() {
        return Numeric.toHexStringWithPrefixZeroPadded(pair.getPrivateKey(), 64);
    }

    /**
     * @param digest 32 bytes
     * @return the 65 bytes {@code r ‖ s ‖ v}, s in the lower half, v 27 or 28; the same digest always gives the same bytes
     */
    public byte[] sign(byte[] digest) {
        if (digest.length != 32) {
            throw new IllegalArgumentException("a digest has 32 bytes, not " + digest.length);
        }
        return NativeCurve.orJava().sign(secret, publicKey, digest);
    }

    /** Signs a text as {@code personal_sign} does (EIP-191, version 0x45). */
    public byte[] signPersonal(String message) {
        return sign(Signatures.personalDigest(message));
    }

    /** Signs a transaction, for sending. */
    byte[] sign(RawTransaction transaction) {
        return TransactionEncoder.signMessage(transaction, Credentials.create(pair));
    }

    @Override
    public String toString() {
        return "key of " + address;
    }
}
