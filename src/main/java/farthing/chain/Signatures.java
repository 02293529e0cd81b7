package farthing.chain;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

import org.web3j.crypto.Sign;

/** Who signed: recovery of the signer's address from the 65 bytes {@code r ‖ s ‖ v}. */
public final class Signatures {

    public static final int LENGTH = 65;
    private static final int LONGEST = 4_096;

    private static final BigInteger ORDER = Sign.CURVE_PARAMS.getN();
    private static final BigInteger HALF_ORDER = ORDER.shiftRight(1);

    private Signatures() {
    }

    /**
     * @param hex 65 bytes, with or without {@code 0x}
     * @throws MalformedSignature when it is something else
     */
    public static byte[] parse(String hex) {
        String digits = digits(hex);
        if (digits.length() != 2 * LENGTH) {
            throw new MalformedSignature("it has " + digits.length() + " hex digits instead of " + 2 * LENGTH);
        }
        return bytes(digits);
    }

    /**
     * What a wallet that is a contract may give as its signature, or a key.
     *
     * @param hex up to 4 KiB, with or without {@code 0x}
     * @throws MalformedSignature when it is something else
     */
    public static byte[] parseAny(String hex) {
        String digits = digits(hex);
        if (digits.length() > 2 * LONGEST || digits.length() % 2 != 0) {
            throw new MalformedSignature("it has " + digits.length() + " hex digits instead of " + 2 * LENGTH);
        }
        return bytes(digits);
    }

    private static String digits(String hex) {
        return hex.startsWith("0x") ? hex.substring(2) : hex;
    }

    private static byte[] bytes(String digits) {
        try {
            return HexFormat.of().parseHex(digits);
        } catch (IllegalArgumentException e) {
            throw new MalformedSignature("it is not hexadecimal");
        }
    }

    /**
     * The signer of a 32-byte digest.
     *
     * @throws MalformedSignature for a length other than 65, v other than 27 or 28, r or s out of range, and the malleable
     *         upper
     *         half of s: the same rules as OpenZeppelin's ECDSA, so that Java accepts what the contracts accept
     */
    public static Address recover(byte[] digest, byte[] signature) {
        if (digest.length != 32) {
            throw new IllegalArgumentException("a digest has 32 bytes, not " + digest.length);
        }
        if (signature.length != LENGTH) {
            throw new MalformedSignature("it has " + signature.length + " bytes instead of " + LENGTH);
        }
        BigInteger r = new BigInteger(1, Arrays.copyOfRange(signature, 0, 32));
        BigInteger s = new BigInteger(1, Arrays.copyOfRange(signature, 32, 64));
        int v = signature[64];
        if (v != 27 && v != 28) {
            throw new MalformedSignature("its last byte v is " + Byte.toUnsignedInt(signature[64]) + ", neither 27 nor 28");
        }
        if (r.signum() == 0 || r.compareTo(ORDER) >= 0 || s.signum() == 0) {
            throw new MalformedSignature("r or s is out of range");
        }
        if (s.compareTo(HALF_ORDER) > 0) {
            throw new MalformedSignature("s is in the upper half of the curve order");
        }
        byte[] publicKey = NativeCurve.orJava().recover(digest, signature);
        if (publicKey == null) {
            throw new MalformedSignature("no key can have made it");
        }
        return Address.of(Arrays.copyOfRange(Keccak.hash(publicKey), 12, 32));
    }

    /** The signer of a text signed by {@code personal_sign} (EIP-191, version 0x45). */
    public static Address recoverPersonal(String message, byte[] signature) {
        return recover(personalDigest(message), signature);
    }

    static byte[] personalDigest(String message) {
        return Sign.getEthereumMessageHash(message.getBytes(StandardCharsets.UTF_8));
    }
}
