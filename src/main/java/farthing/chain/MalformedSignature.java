package farthing.chain;

import java.util.Optional;

import farthing.web.Problem;

/** Bytes that no signer could have made as a signature of the form accepted here. */
public final class MalformedSignature extends Problem {

    MalformedSignature(String why) {
        super(400, "malformed_signature", "The signature is malformed: " + why + "; sign again.");
    }

    @Override
    public Optional<String> param() {
        return Optional.of("signature");
    }
}
