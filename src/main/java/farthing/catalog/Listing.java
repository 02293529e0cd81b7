package farthing.catalog;

import farthing.engine.Loadable;
import farthing.engine.Task;
import farthing.identity.AccountId;
import farthing.money.Split;

/**
 * All that a call needs to know of one version.
 *
 * @param label the version's name within its model, e.g. {@code 1}
 * @param offer the one in force when this was asked for; a call is charged by it even if another begins meanwhile
 * @param developer who is owed the split's first part
 */
public record Listing(ModelId model, VersionId version, String label, Task task, Loadable loadable, Offer offer, Split split,
        AccountId developer) {
}
