package farthing.identity;

import java.util.Optional;

import farthing.web.Problem;

/** The handle cannot be taken; the message says why. */
public final class HandleRefused extends Problem {

    HandleRefused(String why) {
        super(422, "handle_refused", why);
    }

    static HandleRefused taken() {
        return new HandleRefused("Somebody else has this name. Choose another.");
    }

    @Override
    public Optional<String> param() {
        return Optional.of("name");
    }
}
