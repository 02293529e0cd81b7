package farthing.catalog;

import org.jspecify.annotations.Nullable;

/**
 * One thing that a publication goes through.
 *
 * @param rule what is looked at, in a few words
 * @param says what was found, where there is something to say
 */
record Step(String rule, State state, @Nullable String says) {

    enum State {
        WAITING,
        RUNNING,
        DONE,
        FAILED
    }
}
