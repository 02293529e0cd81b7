package farthing.catalog;

import java.util.Optional;

import farthing.web.NextStep;
import farthing.web.Problem;

class NoSuchPublication extends Problem {

    NoSuchPublication() {
        super(404, "publication_not_found", "Your account has no such publication. It may belong to another account.");
    }

    @Override
    public Optional<NextStep> nextStep() {
        return Optional.of(new NextStep("Your models", "/publish"));
    }
}
