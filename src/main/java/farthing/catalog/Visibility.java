package farthing.catalog;

/** Who finds a model. Receipts of past calls name it for ever. */
public enum Visibility {
    /** Everybody finds and calls it. */
    PUBLIC,
    /** Its owner alone finds and calls it; for everybody else it is not there. */
    PRIVATE,
    /** Withdrawn: in no list, and not to be called; its page says so. */
    UNLISTED
}
