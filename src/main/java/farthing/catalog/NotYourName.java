package farthing.catalog;

import java.util.Optional;

import farthing.web.Problem;

/** Models are named by whoever publishes them, so nobody publishes in another's name. */
class NotYourName extends Problem {

    NotYourName(String handle, String name) {
        super(403, "not_your_name", "You publish under your own name: " + handle + "/" + name + ".");
    }

    @Override
    public Optional<String> param() {
        return Optional.of("owner");
    }
}
