package farthing.identity;

/** What a personal access token lets its bearer do under {@code /api}. */
public enum Scope {
    /** See what the account sees. */
    READ,
    /** Upload artefacts, publish models and versions. */
    PUBLISH,
    /** Change and withdraw what is there: offers, visibility, keys. */
    MANAGE
}
