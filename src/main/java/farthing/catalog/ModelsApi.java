package farthing.catalog;

import java.time.Clock;
import java.util.List;
import java.util.Optional;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.annotation.JsonProperty;

import farthing.identity.AccountId;
import farthing.identity.ApiKeys;
import io.smallrye.common.annotation.RunOnVirtualThread;

/** The models in OpenAI's wire format. */
@Path("/v1/models")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
class ModelsApi {

    record ModelList(String object, List<Entry> data) {
    }

    /** @param created seconds since 1970 */
    record Entry(String id, String object, long created, @JsonProperty("owned_by") String ownedBy) {

        static Entry of(Model model) {
            return new Entry(model.modelId().toString(), "model", model.createdAt.getEpochSecond(), model.owner);
        }
    }

    private final Catalog catalog;
    private final Models models;
    private final ApiKeys keys;
    private final Clock clock;

    ModelsApi(Catalog catalog, Models models, ApiKeys keys, Clock clock) {
        this.keys = keys;
        this.catalog = catalog;
        this.models = models;
        this.clock = clock;
    }

    /** With a key also the private models of its account. */
    @GET
    public ModelList list(@HeaderParam("Authorization") @Nullable String authorization) {
        return new ModelList("list", models.callable(clock.instant(), asker(authorization)).stream().map(Entry::of).toList());
    }

    // OpenAI's clients send the slash of owner/name as %2F, other people send it as it is.
    @GET
    @Path("{model:.+}")
    public Entry one(String model, @HeaderParam("Authorization") @Nullable String authorization) {
        return Entry.of(models.find(catalog.resolve(model, asker(authorization)).model()).orElseThrow());
    }

    private Optional<AccountId> asker(@Nullable String authorization) {
        return Optional.ofNullable(authorization).map(header -> keys.authenticate(header).account());
    }
}
