package farthing.identity;

import farthing.web.Viewer;

/** A person or organisation, with any number of wallets. */
public record AccountId(long value) {

    public static AccountId of(Viewer viewer) {
        return new AccountId(viewer.account());
    }
}
