package farthing.engine;

/** Why an invocation ended. */
public enum FinishReason {
    /** The model ended its answer, or a stop sequence did; everything that is no generation ends so too. */
    STOP,
    /** The token limit was reached. */
    LENGTH,
    /** The invocation was closed while it ran. */
    CANCELLED
}
