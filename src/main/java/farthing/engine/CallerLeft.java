package farthing.engine;

/** The call was given up while it waited; there is nobody to tell. */
public final class CallerLeft extends RuntimeException {

    CallerLeft() {
        super("the caller left", null, false, false);
    }
}
