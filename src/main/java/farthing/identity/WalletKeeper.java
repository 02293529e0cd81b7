package farthing.identity;

import java.util.Optional;

import farthing.chain.Address;

/** Says why a wallet must stay linked; implemented where lines are kept. */
public interface WalletKeeper {

    /** A sentence for the person, or empty when the wallet may go. */
    Optional<String> reasonToKeep(Address wallet);
}
