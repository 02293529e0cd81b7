package farthing.identity;

import farthing.web.Problem;

/** The signed-in account has no such key. */
public final class NoSuchKey extends Problem {

    NoSuchKey() {
        super(404, "no_such_key", "Your account has no such key. It may belong to another account.");
    }
}
