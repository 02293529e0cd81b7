package farthing.engine;

import farthing.web.Problem;

/** The engine ended while it worked on a call. Nothing is charged. */
public class EngineFailed extends Problem {

    private final String why;

    EngineFailed(String why) {
        super(502, "engine_failed", "The model's engine failed: " + why + " This call costs nothing. Try again.");
        this.why = why;
    }

    /** What happened, to go on with in a sentence. */
    public String why() {
        return why;
    }
}
