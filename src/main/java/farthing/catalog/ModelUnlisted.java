package farthing.catalog;

import java.util.Optional;

import farthing.web.NextStep;
import farthing.web.Problem;

/** The model was withdrawn: it is known, but not called any more. */
public class ModelUnlisted extends Problem {

    private final ModelId model;

    ModelUnlisted(ModelId model) {
        super(410, "model_unlisted",
                "The model " + model + " was withdrawn and cannot be called any more. Choose another at /models.");
        this.model = model;
    }

    @Override
    public Optional<String> param() {
        return Optional.of("model");
    }

    @Override
    public Optional<NextStep> nextStep() {
        return Optional.of(new NextStep("Show " + model, "/models/" + model));
    }
}
