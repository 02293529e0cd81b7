package farthing.metering;

import java.util.Optional;

import farthing.catalog.ModelId;
import farthing.identity.AllowedModels;
import farthing.web.Problem;

/** The key is for other models. */
class ModelNotAllowed extends Problem {

    ModelNotAllowed(ModelId model, AllowedModels allowed) {
        super(403, "model_not_allowed", "This API key may call " + allowed + ", and not " + model
                + ". Call one of those, add the model to the key at /keys, or use another key.");
    }

    @Override
    public Optional<String> param() {
        return Optional.of("model");
    }
}
