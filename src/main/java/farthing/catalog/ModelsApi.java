package farthing.catalog;

import java.time.Clock;
import java.util.List;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import com.fasterxml.jackson.annotation.JsonProperty;

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
    private final Clock clock;

    ModelsApi(Catalog catalog, Models models, Clock clock) {
        this.catalog = catalog;
        this.models = models;
        this.clock = clock;
    }

    @GET
    public ModelList list() {
        return new ModelList("list", models.callable(clock.instant()).stream().map(Entry::of).toList());
    }

    // OpenAI's clients send the slash of owner/name as %2F, other people send it as it is.
    @GET
    @Path("{model:.+}")
    public Entry one(String model) {
        return Entry.of(models.find(catalog.resolve(model).model()).orElseThrow());
    }
}
