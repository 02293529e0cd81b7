package farthing.identity;

import farthing.web.Problem;

/** Nobody would be left to run the site. */
public final class LastOperator extends Problem {

    LastOperator() {
        super(409, "last_operator",
                "This is the only operator of the site, and nobody else could undo this. Name another one first"
                        + " (FARTHING_OPERATORS, or the API), then try again.");
    }
}
