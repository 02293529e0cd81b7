package farthing.chain;

import java.lang.reflect.InvocationTargetException;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.web3j.crypto.ECKeyPair;
import org.web3j.utils.Numeric;

import fr.acinq.secp256k1.Secp256k1;
import fr.acinq.secp256k1.Secp256k1Exception;

/** The curve by Bitcoin's libsecp256k1, through JNI. */
final class NativeCurve implements Curve {

    private static final int POINT = 64;
    private static final byte UNCOMPRESSED = 4;

    private static final class Best {
        static final Curve CURVE = load(Secp256k1::get);
    }

    private final Secp256k1 library;

    private NativeCurve(Secp256k1 library) {
        this.library = library;
    }

    /** What this process computes with: the library, or Java where that cannot be loaded. */
    static Curve orJava() {
        return Best.CURVE;
    }

    /** @param library may fail in any way: there is no library for every machine, and some let none be loaded */
    static Curve load(Supplier<Secp256k1> library) {
        try {
            Curve curve = new NativeCurve(library.get());
            return agreesWithJava(curve) ? curve : new JavaCurve("it gave a signature that Java does not");
        } catch (Throwable e) {
            Throwable cause = e instanceof InvocationTargetException && e.getCause() != null ? e.getCause() : e;
            return new JavaCurve(cause.toString());
        }
    }

    private static boolean agreesWithJava(Curve curve) {
        ECKeyPair pair = ECKeyPair.create(BigInteger.ONE);
        byte[] secret = Numeric.toBytesPadded(pair.getPrivateKey(), 32);
        byte[] point = Numeric.toBytesPadded(pair.getPublicKey(), POINT);
        byte[] digest = Keccak.hash("Farthing");
        byte[] signature = new JavaCurve("to compare").sign(secret, point, digest);
        return Arrays.equals(curve.sign(secret, point, digest), signature)
                && Arrays.equals(curve.recover(digest, signature), point);
    }

    @Override
    public byte[] sign(byte[] secret, byte[] publicKey, byte[] digest) {
        byte[] signature = Arrays.copyOf(library.sign(digest, secret, null), Signatures.LENGTH);
        // The library's Java side does not tell which of the two points it was.
        for (byte v = 27; v <= 28; v++) {
            signature[64] = v;
            if (Arrays.equals(recover(digest, signature), publicKey)) {
                return signature;
            }
        }
        throw new IllegalStateException("a signature that was just made does not lead back to its key");
    }

    @Override
    public byte @Nullable [] recover(byte[] digest, byte[] signature) {
        try {
            byte[] point = library.ecdsaRecover(Arrays.copyOf(signature, 64), digest, signature[64] - 27);
            if (point.length != 1 + POINT || point[0] != UNCOMPRESSED) {
                throw new IllegalStateException("a point of " + point.length + " bytes");
            }
            return Arrays.copyOfRange(point, 1, point.length);
        } catch (Secp256k1Exception noSuchPoint) {
            return null;
        }
    }

    @Override
    public String described() {
        return "by libsecp256k1";
    }
}
