package farthing.catalog;

import java.util.Optional;

import jakarta.enterprise.context.ApplicationScoped;

import farthing.identity.AccountId;
import farthing.identity.HandleKeeper;

/** Models are called by their owner's handle, so it stays once there are any. */
@ApplicationScoped
class PublishedHandles implements HandleKeeper {

    private final Models models;

    PublishedHandles(Models models) {
        this.models = models;
    }

    @Override
    public Optional<String> reasonToKeep(AccountId account) {
        return models.anyOf(account)
                .map(model -> "Callers name your models by your handle, as in " + model.modelId() + ", so it cannot change.");
    }
}
