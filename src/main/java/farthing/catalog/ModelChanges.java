package farthing.catalog;

import java.time.Duration;

import jakarta.inject.Singleton;

import io.quarkus.scheduler.Scheduled;

/** Tells the {@link Catalog} what other servers on the same database have changed: withdrawn models are called nowhere. */
@Singleton
class ModelChanges {

    /** Longer than any transaction that changes a model; what is taken out twice is only read once more. */
    private static final Duration OVERLAP = Duration.ofSeconds(5);

    private final Catalog catalog;
    private final Models models;

    ModelChanges(Catalog catalog, Models models) {
        this.catalog = catalog;
        this.models = models;
    }

    @Scheduled(every = "1s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    void look() {
        models.changedIn(OVERLAP).forEach(catalog::changed);
    }
}
