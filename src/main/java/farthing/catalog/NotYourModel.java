package farthing.catalog;

import java.util.Optional;

import farthing.web.NextStep;
import farthing.web.Problem;

/** Only a model's owner manages it; to everybody else there is nothing to manage. */
class NotYourModel extends Problem {

    NotYourModel(String model) {
        super(404, "model_not_found",
                "Your account has no model '" + (model.length() <= 130 ? model : model.substring(0, 130) + "…")
                        + "'. Only its owner manages a model.");
    }

    @Override
    public Optional<NextStep> nextStep() {
        return Optional.of(new NextStep("Your models", "/publish"));
    }
}
