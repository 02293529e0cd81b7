package farthing.catalog;

import java.util.Optional;

import jakarta.inject.Singleton;

import farthing.chain.Address;
import farthing.identity.AccountId;
import io.quarkus.narayana.jta.QuarkusTransaction;

/** Models on the lists that no engine could run, for tests elsewhere that only look at them. */
@Singleton
public class Listed {

    private final Catalog catalog;
    private final Models models;

    Listed(Catalog catalog, Models models) {
        this.catalog = catalog;
        this.models = models;
    }

    public VersionId privately(AccountId developer, Address payee, ModelId id) {
        catalog.publish(developer, payee, id, Examples.embedding(id.name(), "Nobody else's business.", Examples.inputPrice(5)),
                Examples.FILES);
        QuarkusTransaction.requiringNew()
                .run(() -> models.find(id).orElseThrow().visibility = Visibility.PRIVATE);
        catalog.changed(id);
        return catalog.resolve(id.toString(), Optional.of(developer)).version();
    }
}
