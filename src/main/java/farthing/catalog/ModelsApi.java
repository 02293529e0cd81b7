package farthing.catalog;

import java.time.Clock;
import java.util.List;
import java.util.Optional;

import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import org.jboss.resteasy.reactive.RestQuery;
import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.annotation.JsonProperty;

import farthing.identity.AllowedModels;
import farthing.identity.ApiKeys;
import farthing.identity.Caller;
import io.smallrye.common.annotation.RunOnVirtualThread;

/** The models in OpenAI's wire format. */
@Path("/v1/models")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
class ModelsApi {

    private static final int MOST = 1_000;

    /** @param lastId what to ask for as {@code after} for the next ones */
    record ModelList(String object, List<Entry> data, @JsonProperty("has_more") boolean hasMore,
            @JsonProperty("last_id") @Nullable String lastId) {

        static ModelList of(List<Models.Named> models) {
            List<Entry> data = models.stream().limit(MOST).map(Entry::of).toList();
            return new ModelList("list", data, models.size() > MOST, data.isEmpty() ? null : data.getLast().id());
        }
    }

    /** @param created seconds since 1970 */
    record Entry(String id, String object, long created, @JsonProperty("owned_by") String ownedBy) {

        static Entry of(Models.Named model) {
            return new Entry(model.called(), "model", model.createdAt().getEpochSecond(), model.owner());
        }

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

    /**
     * The first thousand after the given one, by name; with a key also the private models of its account, and only those that
     * the key may call.
     */
    @GET
    public ModelList list(@HeaderParam("Authorization") @Nullable String authorization,
            @RestQuery @DefaultValue("") String after) {
        Optional<Caller> caller = caller(authorization);
        return ModelList.of(models.callable(clock.instant(), caller.map(Caller::account),
                caller.map(one -> one.limits().models()).orElse(AllowedModels.ALL), ModelId.parse(after), MOST + 1));
    }

    // OpenAI's clients send the slash of owner/name as %2F, other people send it as it is.
    @GET
    @Path("{model:.+}")
    public Entry one(String model, @HeaderParam("Authorization") @Nullable String authorization) {
        return Entry.of(models.find(catalog.resolve(model, caller(authorization).map(Caller::account)).model()).orElseThrow());
    }

    private Optional<Caller> caller(@Nullable String authorization) {
        return Optional.ofNullable(authorization).map(keys::authenticate);
    }
}
