package farthing.chain;

import java.util.Optional;

import farthing.web.Problem;

/** A text that is no Ethereum address. */
public final class MalformedAddress extends Problem {

    private MalformedAddress(String message) {
        super(400, "malformed_address", message);
    }

    static MalformedAddress form(String text) {
        return new MalformedAddress("'" + Shown.start(text) + "' is not an Ethereum address; it must be 0x and 40 hex digits.");
    }

    static MalformedAddress checksum(String text) {
        return new MalformedAddress(
                "The capitals of " + text + " do not match its EIP-55 checksum, so a digit is probably wrong;"
                        + " copy the address again.");
    }

    @Override
    public Optional<String> param() {
        return Optional.of("address");
    }
}
