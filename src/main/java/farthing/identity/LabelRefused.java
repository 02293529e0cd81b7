package farthing.identity;

import java.util.Optional;

import farthing.web.Problem;

/** A name that a line cannot have. */
public final class LabelRefused extends Problem {

    private LabelRefused(int status, String message) {
        super(status, "label_refused", message);
    }

    static LabelRefused unknown() {
        return new LabelRefused(404, "You have no such line; your lines are at /budgets.");
    }

    static LabelRefused length() {
        return new LabelRefused(422, "Give the line a name of at most " + Lines.LONGEST_LABEL + " characters.");
    }

    static LabelRefused taken(String label) {
        return new LabelRefused(422, "Another line of yours is called “" + label + "”; choose another name.");
    }

    @Override
    public Optional<String> param() {
        return Optional.of("label");
    }
}
