package farthing.engine;

import farthing.web.Problem;

/** The model cannot work on this kind of input. */
public class UnsupportedInput extends Problem {

    UnsupportedInput(String what) {
        super(400, "unsupported_input", what);
    }
}
