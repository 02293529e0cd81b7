package farthing.chain;

import java.math.BigInteger;
import java.util.Arrays;

import org.jspecify.annotations.Nullable;
import org.web3j.crypto.ECDSASignature;
import org.web3j.crypto.ECKeyPair;
import org.web3j.crypto.Sign;
import org.web3j.utils.Numeric;

/** The curve in Java alone, by web3j: several times slower, and not in constant time. */
final class JavaCurve implements Curve {

    private final String why;

    /** @param why it has to be this one, in a few words */
    JavaCurve(String why) {
        this.why = why;
    }

    @Override
    public byte[] sign(byte[] secret, byte[] publicKey, byte[] digest) {
        ECKeyPair pair = new ECKeyPair(new BigInteger(1, secret), new BigInteger(1, publicKey));
        Sign.SignatureData parts = Sign.signMessage(digest, pair, false);
        byte[] signature = new byte[Signatures.LENGTH];
        System.arraycopy(parts.getR(), 0, signature, 0, 32);
        System.arraycopy(parts.getS(), 0, signature, 32, 32);
        signature[64] = parts.getV()[0];
        return signature;
    }

    @Override
    public byte @Nullable [] recover(byte[] digest, byte[] signature) {
        BigInteger r = new BigInteger(1, Arrays.copyOfRange(signature, 0, 32));
        BigInteger s = new BigInteger(1, Arrays.copyOfRange(signature, 32, 64));
        @Nullable
        BigInteger point = recoverOrNull(signature[64] - 27, new ECDSASignature(r, s), digest);
        // The point at infinity, which web3j gives as 0, is nobody's key, though it has an address.
        return point == null || point.signum() == 0 ? null : Numeric.toBytesPadded(point, 64);
    }

    private static @Nullable BigInteger recoverOrNull(int recovery, ECDSASignature signature, byte[] digest) {
        try {
            return Sign.recoverFromSignature(recovery, signature, digest);
        } catch (IllegalArgumentException notOnTheCurve) {
            return null;
        }
    }

    @Override
    public String described() {
        return "in Java, several times slower than by libsecp256k1, which cannot be used: " + why;
    }
}
