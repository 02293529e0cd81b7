package farthing.catalog;

import java.util.List;
import java.util.Optional;

import farthing.web.NextStep;
import farthing.web.Problem;

/** Nothing is listed under the name that was asked for; says what is listed under a similar one. */
public class UnknownModel extends Problem {

    private final NextStep next;

    private UnknownModel(String message, NextStep next) {
        super(404, "model_not_found", message);
        this.next = next;
    }

    static UnknownModel named(String asked, List<ModelId> similar) {
        String next = similar.isEmpty()
                ? "Models are named owner/name; GET /v1/models and the page /models list them."
                : "Did you mean " + String.join(" or ", similar.stream().map(ModelId::toString).toList()) + "?";
        return new UnknownModel("There is no model '" + shortened(asked) + "'. " + next,
                similar.isEmpty() ? new NextStep("See all models", "/models") : show(similar.getFirst()));
    }

    static UnknownModel version(ModelId model, String asked, List<String> labels) {
        return new UnknownModel("The model " + model + " has no version '" + shortened(asked) + "'. It has "
                + String.join(", ", labels) + "; " + model + " without a version is the newest.", show(model));
    }

    private static NextStep show(ModelId model) {
        return new NextStep("Show " + model, "/models/" + model);
    }

    @Override
    public Optional<String> param() {
        return Optional.of("model");
    }

    @Override
    public Optional<NextStep> nextStep() {
        return Optional.of(next);
    }

    private static String shortened(String asked) {
        return asked.length() <= 100 ? asked : asked.substring(0, 100) + "…";
    }
}
