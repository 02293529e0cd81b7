package farthing.chain;

import java.util.HexFormat;
import java.util.regex.Pattern;

import org.web3j.crypto.Keys;

/**
 * An Ethereum address.
 *
 * @param text {@code 0x} and 40 hex digits, always in the capitals of EIP-55, so that equal addresses are equal texts
 */
public record Address(String text) {

    private static final Pattern FORM = Pattern.compile("0[xX][0-9a-fA-F]{40}");

    /**
     * Takes all lower case, all upper case, or EIP-55.
     *
     * @throws MalformedAddress for anything else, mixed case with a wrong checksum included
     */
    public Address {
        if (!FORM.matcher(text).matches()) {
            throw MalformedAddress.form(text);
        }
        String digits = text.substring(2);
        String checked = Keys.toChecksumAddress(digits);
        boolean mixed = !digits.equals(digits.toLowerCase()) && !digits.equals(digits.toUpperCase());
        if (mixed && !checked.substring(2).equals(digits)) {
            throw MalformedAddress.checksum(text);
        }
        text = checked;
    }

    /** @param bytes exactly 20 */
    public static Address of(byte[] bytes) {
        if (bytes.length != 20) {
            throw new IllegalArgumentException("an address has 20 bytes, not " + bytes.length);
        }
        return new Address("0x" + HexFormat.of().formatHex(bytes));
    }

    public byte[] bytes() {
        return HexFormat.of().parseHex(text, 2, text.length());
    }

    @Override
    public String toString() {
        return text;
    }
}
