package farthing.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Proxy;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;

import org.bouncycastle.math.ec.ECPoint;
import org.junit.jupiter.api.Test;
import org.web3j.crypto.ECKeyPair;
import org.web3j.crypto.Sign;
import org.web3j.utils.Numeric;

import fr.acinq.secp256k1.Secp256k1;

/** libsecp256k1 and Java have to agree byte for byte: a server may change from one to the other at any start. */
class CurveTest {

    private static final BigInteger ORDER = Sign.CURVE_PARAMS.getN();

    private final Curve library = NativeCurve.load(Secp256k1::get);
    private final Curve java = new JavaCurve("to compare");
    private final Random random = new Random(20_260_528);

    @Test
    void theLibraryIsUsedWhereTheServerRuns() {
        assertThat(library).isInstanceOf(NativeCurve.class);
        assertThat(NativeCurve.orJava().described()).isEqualTo("by libsecp256k1");
    }

    @Test
    void bothSignTheSame() {
        List<byte[]> secrets = new ArrayList<>(
                List.of(word(BigInteger.ONE), word(ORDER.subtract(BigInteger.ONE)), word(ORDER.shiftRight(1))));
        List<byte[]> digests = new ArrayList<>(List.of(new byte[32], word(BigInteger.ONE), word(ORDER),
                word(ORDER.subtract(BigInteger.ONE)), word(ORDER.add(BigInteger.TEN)), filled((byte) 0xff)));
        for (int i = 0; i < 12; i++) {
            secrets.add(word(someSecret()));
            digests.add(some32());
        }
        int[] seen = new int[2];
        for (byte[] secret : secrets) {
            byte[] point = point(secret);
            for (byte[] digest : digests) {
                byte[] signature = library.sign(secret, point, digest);
                assertThat(signature).as("key %s, digest %s", hex(secret), hex(digest))
                        .isEqualTo(java.sign(secret, point, digest));
                assertThat(new BigInteger(1, Arrays.copyOfRange(signature, 32, 64))).isPositive()
                        .isLessThanOrEqualTo(ORDER.shiftRight(1));
                assertThat(library.recover(digest, signature)).isEqualTo(point);
                seen[signature[64] - 27]++;
            }
        }
        assertThat(seen[0]).isGreaterThan(50);
        assertThat(seen[1]).isGreaterThan(50);
    }

    @Test
    void bothRecoverTheSameFromWhatNobodySigned() {
        int nobody = 0;
        for (int i = 0; i < 200; i++) {
            byte[] digest = some32();
            byte[] signature = signature(word(someSecret()), word(someSecret().shiftRight(1).add(BigInteger.ONE)),
                    27 + random.nextInt(2));
            byte[] recovered = library.recover(digest, signature);
            assertThat(recovered).as(hex(signature)).isEqualTo(java.recover(digest, signature));
            nobody += recovered == null ? 1 : 0;
        }
        // Half of all numbers are no x of the curve.
        assertThat(nobody).isBetween(60, 140);
    }

    /** With r and s such that s × R = digest × G, the "signer" is the point at infinity, and the EVM's ecrecover gives none. */
    @Test
    void bothRefuseTheKeyThatIsNone() {
        for (int i = 0; i < 8; i++) {
            byte[] digest = some32();
            BigInteger nonce = someSecret();
            ECPoint point = Sign.CURVE_PARAMS.getG().multiply(nonce).normalize();
            BigInteger r = point.getAffineXCoord().toBigInteger();
            BigInteger s = new BigInteger(1, digest).multiply(nonce.modInverse(ORDER)).mod(ORDER);
            int v = point.getAffineYCoord().toBigInteger().testBit(0) ? 28 : 27;
            if (s.compareTo(ORDER.shiftRight(1)) > 0) {
                s = ORDER.subtract(s);
                v = 55 - v;
            }
            byte[] signature = signature(word(r), word(s), v);
            assertThat(library.recover(digest, signature)).isNull();
            assertThat(java.recover(digest, signature)).isNull();
            assertThatThrownBy(() -> Signatures.recover(digest, signature)).isInstanceOf(MalformedSignature.class)
                    .hasMessageContaining("no key");
        }
    }

    @Test
    void javaDoesItWhereTheLibraryCannotBeLoaded() {
        Curve curve = NativeCurve.load(() -> {
            throw new UnsatisfiedLinkError("noexec");
        });
        assertThat(curve).isInstanceOf(JavaCurve.class);
        assertThat(curve.described()).startsWith("in Java").endsWith("java.lang.UnsatisfiedLinkError: noexec");
    }

    @Test
    void javaDoesItWhereTheLibraryComputesSomethingElse() {
        Secp256k1 real = Secp256k1.get();
        Secp256k1 bent = (Secp256k1) Proxy.newProxyInstance(Secp256k1.class.getClassLoader(),
                new Class<?>[] { Secp256k1.class },
                (_, method, arguments) -> {
                    if (method.getName().equals("sign")) {
                        arguments[2] = filled((byte) 7);
                    }
                    return method.invoke(real, arguments);
                });
        assertThat(NativeCurve.load(() -> bent)).isInstanceOf(JavaCurve.class);
    }

    private BigInteger someSecret() {
        return new BigInteger(256, random).mod(ORDER.subtract(BigInteger.ONE)).add(BigInteger.ONE);
    }

    private byte[] some32() {
        byte[] bytes = new byte[32];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] signature(byte[] r, byte[] s, int v) {
        byte[] signature = Arrays.copyOf(r, 65);
        System.arraycopy(s, 0, signature, 32, 32);
        signature[64] = (byte) v;
        return signature;
    }

    private static byte[] point(byte[] secret) {
        return Numeric.toBytesPadded(ECKeyPair.create(secret).getPublicKey(), 64);
    }

    private static byte[] word(BigInteger number) {
        return Numeric.toBytesPadded(number, 32);
    }

    private static byte[] filled(byte with) {
        byte[] bytes = new byte[32];
        Arrays.fill(bytes, with);
        return bytes;
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
