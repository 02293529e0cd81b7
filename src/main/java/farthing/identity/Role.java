package farthing.identity;

/** What an account may do beyond making calls, which everybody may. */
public enum Role {
    /** Granted by the first publication. */
    DEVELOPER,
    /** Reviews contributions. */
    CURATOR,
    /** Runs the site: sees {@code /operator}, deactivates accounts. */
    OPERATOR
}
