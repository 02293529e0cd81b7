package farthing.chain;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * EIP-712 digests of flat structs. Each struct names its type once and then gives its fields in that order:
 * {@code VOUCHER.with().uint(line).uint(ceiling).hash()}.
 */
public final class Eip712 {

    private static final byte[] PREFIX = { 0x19, 0x01 };

    private Eip712() {
    }

    /** @param declaration as in the contract, e.g. {@code Mail(address from,string contents)} */
    public static Type type(String declaration) {
        return new Type(declaration);
    }

    /** Whom a signature is meant for. What is null is left out of the domain's type, as the EIP asks. */
    public record Domain(@Nullable String name, @Nullable String version, @Nullable Long chainId,
            @Nullable Address verifyingContract) {

        public byte[] separator() {
            List<String> fields = new ArrayList<>();
            if (name != null) {
                fields.add("string name");
            }
            if (version != null) {
                fields.add("string version");
            }
            if (chainId != null) {
                fields.add("uint256 chainId");
            }
            if (verifyingContract != null) {
                fields.add("address verifyingContract");
            }
            Struct struct = type("EIP712Domain(" + String.join(",", fields) + ")").with();
            if (name != null) {
                struct.string(name);
            }
            if (version != null) {
                struct.string(version);
            }
            if (chainId != null) {
                struct.uint(chainId);
            }
            if (verifyingContract != null) {
                struct.address(verifyingContract);
            }
            return struct.hash();
        }

        /** The 32 bytes that are signed for a struct in this domain. */
        public byte[] digest(byte[] structHash) {
            return Eip712.digest(separator(), structHash);
        }
    }

    /** {@link Domain#digest} for one who signs often and keeps the separator. */
    public static byte[] digest(byte[] domainSeparator, byte[] structHash) {
        return Keccak.hash(PREFIX, domainSeparator, structHash);
    }

    /** A struct type; make it once and keep it. */
    public static final class Type {

        private final byte[] hash;
        private final int fields;

        private Type(String declaration) {
            hash = Keccak.hash(declaration);
            int open = declaration.indexOf('(');
            String inside = declaration.substring(open + 1, declaration.indexOf(')'));
            fields = inside.isEmpty() ? 0 : inside.split(",").length;
        }

        public Struct with() {
            return new Struct(this);
        }
    }

    /** One struct being filled in, field by field in the order of its type. */
    public static final class Struct {

        private static final int WORD = 32;

        private final Type type;
        private final byte[] encoded;
        private int used = WORD;

        private Struct(Type type) {
            this.type = type;
            encoded = new byte[WORD * (1 + type.fields)];
            System.arraycopy(type.hash, 0, encoded, 0, WORD);
        }

        /** A {@code uintN} up to 63 bits. */
        public Struct uint(long value) {
            if (value < 0) {
                throw new IllegalArgumentException("an unsigned field cannot be " + value);
            }
            return right(BigInteger.valueOf(value).toByteArray());
        }

        public Struct uint(BigInteger value) {
            if (value.signum() < 0 || value.bitLength() > 256) {
                throw new IllegalArgumentException("an unsigned field cannot be " + value);
            }
            byte[] bytes = value.toByteArray();
            return right(bytes.length > WORD ? Arrays.copyOfRange(bytes, 1, bytes.length) : bytes);
        }

        public Struct bool(boolean value) {
            return uint(value ? 1 : 0);
        }

        public Struct address(Address value) {
            return right(value.bytes());
        }

        /** A {@code bytes32}, or the hash of a struct within this one. */
        public Struct bytes32(byte[] value) {
            if (value.length != WORD) {
                throw new IllegalArgumentException("bytes32 has 32 bytes, not " + value.length);
            }
            return right(value);
        }

        /** A {@code bytesN} with N < 32; its bytes stand on the left. */
        public Struct fixedBytes(byte[] value) {
            return right(Arrays.copyOf(value, WORD));
        }

        public Struct string(String value) {
            return right(Keccak.hash(value.getBytes(StandardCharsets.UTF_8)));
        }

        public Struct bytes(byte[] value) {
            return right(Keccak.hash(value));
        }

        /** @throws IllegalStateException when a field is missing */
        public byte[] hash() {
            if (used != encoded.length) {
                throw new IllegalStateException((encoded.length - used) / WORD + " of " + type.fields + " fields are missing");
            }
            return Keccak.hash(encoded);
        }

        private Struct right(byte[] value) {
            System.arraycopy(value, 0, encoded, used + WORD - value.length, value.length);
            used += WORD;
            return this;
        }
    }
}
