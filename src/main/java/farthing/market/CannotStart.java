package farthing.market;

/** Why the server does not start, in one sentence that says what to do. */
class CannotStart extends RuntimeException {

    CannotStart(String message) {
        super(message);
    }
}
