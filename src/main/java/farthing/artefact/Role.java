package farthing.artefact;

/** What a file is for within its version. */
public enum Role {
    MODEL,
    TOKENIZER
}
