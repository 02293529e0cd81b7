package farthing.catalog;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.Map;

import jakarta.inject.Singleton;
import jakarta.persistence.EntityManager;

import farthing.artefact.Role;
import farthing.blob.Blobs;
import farthing.blob.Digest;
import farthing.engine.EngineKind;
import farthing.engine.Pooling;
import farthing.engine.PromptTemplate;
import farthing.engine.RemoteEndpoint;
import farthing.engine.RemoteEndpoints;
import farthing.engine.RemoteSecrets;
import farthing.engine.Task;
import farthing.money.Price;
import farthing.money.Split;
import io.quarkus.narayana.jta.QuarkusTransaction;

/** Lists remote endpoints for tests. */
@Singleton
public class RemoteListing {

    private final Catalog catalog;
    private final Blobs blobs;
    private final RemoteEndpoints endpoints;
    private final RemoteSecrets secrets;

    private final Models models;
    private final EntityManager database;
    private final Clock clock;

    RemoteListing(Catalog catalog, Blobs blobs, RemoteEndpoints endpoints, RemoteSecrets secrets, Models models,
            EntityManager database, Clock clock) {
        this.catalog = catalog;
        this.models = models;
        this.database = database;
        this.clock = clock;
        this.blobs = blobs;
        this.endpoints = endpoints;
        this.secrets = secrets;
    }

    /** @return how the model is called */
    public String list(String name, String url, String secret, Task task, Price price) {
        RemoteEndpoint endpoint = endpoints.endpoint(url, "their-name");
        byte[] descriptor = endpoint.descriptor();
        Digest digest;
        try {
            digest = blobs.put(new ByteArrayInputStream(descriptor));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        var id = new ModelId("examples", name);
        secrets.keep(id + "@1", secret);
        catalog.publish(Examples.DEVELOPER, Examples.PAYEE, id,
                new Publication(name, task, "A remote endpoint.", "A card.",
                        new Publication.Artefact("1", EngineKind.REMOTE, "?", 1, 4096, "MIT", "By somebody.",
                                PromptTemplate.MODEL, Pooling.MEAN, false, Map.of(), price, new Split(7000, 0, 2000, 200, 800),
                                "Made for a test.")),
                List.of(new VersionFile(Role.MODEL, digest.hex(), descriptor.length)));
        return id.toString();
    }

    /** From now on it costs that. @return the offer's number */
    public long reprice(String model, Price price) {
        ModelId id = ModelId.parse(model).orElseThrow();
        OfferRow offer = QuarkusTransaction.requiringNew().call(() -> {
            OfferRow row = new OfferRow(models.find(id).orElseThrow().versions.getFirst(), clock.instant(), price);
            database.persist(row);
            return row;
        });
        catalog.changed(id);
        return offer.id;
    }
}
