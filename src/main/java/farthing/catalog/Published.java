package farthing.catalog;

import farthing.chain.Address;
import farthing.identity.AccountId;
import farthing.money.Split;

/**
 * The facts of a version that receipts and statements show.
 *
 * @param task its wire name
 * @param owner the developer's handle
 * @param developer the developer's account
 * @param payee the wallet that is paid the developer's part, the same for ever
 */
public record Published(VersionId version, ModelId model, String label, String task, Split split, String owner,
        AccountId developer, Address payee) {

    /** {@code owner/name@label}. */
    public String name() {
        return model + "@" + label;
    }

    public String href() {
        return "/models/" + model;
    }
}
