package farthing.identity;

import java.util.Optional;

/** Says why an account must keep its handle; implemented where things are published under it. */
public interface HandleKeeper {

    /** A sentence for the person, or empty when the handle may change. */
    Optional<String> reasonToKeep(AccountId account);
}
