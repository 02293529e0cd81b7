package farthing.web;

/** Where the money is, for the footer; implemented where the chain is known. */
public interface VaultAddress {

    String vaultAddress();
}
