package farthing.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;

import org.junit.jupiter.api.Test;
import org.web3j.crypto.Bip32ECKeyPair;
import org.web3j.crypto.Keys;
import org.web3j.crypto.MnemonicUtils;
import org.web3j.crypto.Sign;

class SignaturesTest {

    /** The example of web3.js' documentation of {@code accounts.sign}. */
    private static final String KEY = "0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";
    private static final String SIGNATURE = "0xb91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd"
            + "6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a0291c";

    private static final byte[] DIGEST = Keccak.hash("a digest");

    @Test
    void knowsThePersonalSignExample() {
        assertThat(Signatures.recoverPersonal("Some data", Signatures.parse(SIGNATURE)))
                .isEqualTo(new Address("0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"));
        assertThat(SigningKey.ofHex(KEY).signPersonal("Some data")).isEqualTo(Signatures.parse(SIGNATURE));
    }

    @Test
    void hashesAsEthereumDoes() {
        assertThat(HexFormat.of().formatHex(Keccak.hash("")))
                .isEqualTo("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
        assertThat(Keccak.hash(new byte[] { 97, 98 }, new byte[] { 99 })).isEqualTo(Keccak.hash("abc"));
    }

    @Test
    void recoversWhoSigned() {
        SecureRandom random = new SecureRandom();
        for (int i = 0; i < 20; i++) {
            SigningKey key = SigningKey.generate(random);
            byte[] digest = Keccak.hash("call " + i);
            assertThat(Signatures.recover(digest, key.sign(digest))).isEqualTo(key.address());
            assertThat(SigningKey.ofHex(key.secretHex()).address()).isEqualTo(key.address());
            assertThat(key.toString()).doesNotContain(key.secretHex().substring(2));
        }
    }

    @Test
    void anotherTextHasAnotherSigner() {
        assertThat(Signatures.recoverPersonal("Some other data", Signatures.parse(SIGNATURE)))
                .isNotEqualTo(new Address("0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"));
    }

    @Test
    void refusesTheMalleableTwin() {
        byte[] signature = SigningKey.ofHex(KEY).sign(DIGEST);
        BigInteger s = new BigInteger(1, Arrays.copyOfRange(signature, 32, 64));
        byte[] upper = Sign.CURVE_PARAMS.getN().subtract(s).toByteArray();
        byte[] twin = signature.clone();
        System.arraycopy(upper, upper.length - 32, twin, 32, 32);
        twin[64] = (byte) (signature[64] == 27 ? 28 : 27);
        assertThatThrownBy(() -> Signatures.recover(DIGEST, twin)).isInstanceOf(MalformedSignature.class)
                .hasMessageContaining("upper half");
    }

    @Test
    void refusesEveryOtherV() {
        byte[] signature = SigningKey.ofHex(KEY).sign(DIGEST);
        for (int v : new int[] { 0, 1, 26, 29, 255 }) {
            signature[64] = (byte) v;
            assertThatThrownBy(() -> Signatures.recover(DIGEST, signature)).isInstanceOf(MalformedSignature.class)
                    .hasMessageContaining("is " + v + ", neither 27 nor 28");
        }
    }

    @Test
    void refusesZeroesOverflowAndPointsOffTheCurve() {
        byte[] zero = new byte[65];
        zero[64] = 27;
        assertThatThrownBy(() -> Signatures.recover(DIGEST, zero)).isInstanceOf(MalformedSignature.class);
        byte[] large = zero.clone();
        Arrays.fill(large, 0, 32, (byte) 0xff);
        large[63] = 1;
        assertThatThrownBy(() -> Signatures.recover(DIGEST, large)).isInstanceOf(MalformedSignature.class);
        byte[] offCurve = zero.clone();
        offCurve[31] = 5;
        offCurve[63] = 1;
        assertThatThrownBy(() -> Signatures.recover(DIGEST, offCurve)).isInstanceOf(MalformedSignature.class)
                .hasMessageContaining("no key");
    }

    @Test
    void saysWhatASignatureMustLookLike() {
        assertThatThrownBy(() -> Signatures.parse("0x12")).isInstanceOf(MalformedSignature.class).hasMessageContaining("130");
        assertThatThrownBy(() -> Signatures.parse("z".repeat(130))).isInstanceOf(MalformedSignature.class)
                .hasMessageContaining("hexadecimal");
    }

    @Test
    void aBrokenKeyIsRefusedWithoutBeingRepeated() {
        for (String bad : new String[] { "", "0x12", "00".repeat(32), "ff".repeat(32), "x".repeat(64) }) {
            assertThatThrownBy(() -> SigningKey.ofHex(bad)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("a private key must");
        }
    }

    @Test
    void theWellKnownKeysAreThoseOfTheTestMnemonic() {
        byte[] seed = MnemonicUtils.generateSeed("test test test test test test test test test test test junk", "");
        Bip32ECKeyPair master = Bip32ECKeyPair.generateKeyPair(seed);
        int hardened = Bip32ECKeyPair.HARDENED_BIT;
        for (int i = 0; i < 10; i++) {
            Bip32ECKeyPair pair = Bip32ECKeyPair.deriveKeyPair(master,
                    new int[] { 44 | hardened, 60 | hardened, hardened, 0, i });
            SigningKey key = SigningKey.ofHex("%064x".formatted(pair.getPrivateKey()));
            assertThat(key.address().text()).isEqualToIgnoringCase("0x" + Keys.getAddress(pair));
            assertThatThrownBy(() -> WellKnownKeys.refuse("FARTHING_SIGNER_KEY", key)).isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("FARTHING_SIGNER_KEY").hasMessageNotContaining(key.secretHex());
        }
        WellKnownKeys.refuse("FARTHING_SIGNER_KEY", SigningKey.generate(new SecureRandom()));
    }
}
