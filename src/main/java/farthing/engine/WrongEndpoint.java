package farthing.engine;

import java.util.Optional;

import farthing.web.Problem;

/** A remote endpoint cannot be listed as it is. */
public class WrongEndpoint extends Problem {

    private final String field;

    WrongEndpoint(String field, String sentence) {
        super(422, "wrong_endpoint", sentence);
        this.field = field;
    }

    /**
     * {@code endpoint.url}, {@code endpoint.model}, {@code endpoint.secret} or, where its answer is at fault, {@code endpoint}.
     */
    @Override
    public Optional<String> param() {
        return Optional.of(field);
    }
}
