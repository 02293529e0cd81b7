package farthing.engine;

/** How one vector is made of a text's token vectors. */
public enum Pooling {
    MEAN,
    CLS
}
