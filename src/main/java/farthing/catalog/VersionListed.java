package farthing.catalog;

import farthing.identity.AccountId;


/** Fired in the transaction that lists the version. */
public record VersionListed(VersionId version, ModelId model, AccountId developer) {
}
