package farthing.catalog;

import java.net.URI;
import java.time.Clock;
import java.util.List;

import jakarta.transaction.Transactional;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

import farthing.identity.Access;
import farthing.identity.AccountId;
import farthing.identity.Scope;
import io.quarkus.narayana.jta.QuarkusTransaction;
import io.smallrye.common.annotation.Blocking;

/** Publishing and managing models over HTTP: the pages, the command line and any program use exactly this. */
@Path("/api/models")
@Produces(MediaType.APPLICATION_JSON)
@Blocking
@Tag(name = "Your models")
class ModelsManageApi {

    private final Access access;
    private final Publications publications;
    private final Management management;
    private final Models models;
    private final PublicationRuns runs;
    private final Clock clock;

    ModelsManageApi(Access access, Publications publications, Management management, Models models, PublicationRuns runs,
            Clock clock) {
        this.access = access;
        this.publications = publications;
        this.management = management;
        this.models = models;
        this.runs = runs;
        this.clock = clock;
    }

    @GET
    @Transactional
    @Operation(summary = "Your models, whoever else finds them")
    public List<OwnModel> mine() {
        return models.of(access.require(Scope.READ)).stream().map(this::shown).toList();
    }

    @GET
    @Path("/{owner}/{name}")
    @Transactional
    @Operation(summary = "One of your models with its versions and offers, coming ones included")
    public OwnModel one(String owner, String name) {
        return shown(management.mine(access.require(Scope.READ), owner, name));
    }

    @PUT
    @Path("/{owner}/{name}")
    @Consumes(MediaType.APPLICATION_JSON)
    @Operation(summary = "Changes purpose, card, visibility or deprecation", description = "What is left out stays as it is."
            + " visibility is public, private (you alone find and call it) or unlisted (withdrawn: nobody calls it). deprecated is a"
            + " sentence that says what to use instead; empty takes it back. Needs a token with the scope manage.")
    public OwnModel edit(String owner, String name, Management.@Nullable Edit edit) {
        AccountId account = access.require(Scope.MANAGE);
        management.edit(account, owner, name, required(edit));
        return QuarkusTransaction.requiringNew().call(() -> shown(management.mine(account, owner, name)));
    }

    @POST
    @Path("/{owner}/{name}/versions")
    @Consumes(MediaType.APPLICATION_JSON)
    @Tag(name = "Publishing")
    @Operation(summary = "Publishes a version", description = "Names complete uploads (tus at /api/uploads) or a remote endpoint, and"
            + " says what they are. Answers at once; the checks, the trial run and the listing follow by themselves. Needs a token"
            + " with the scope publish.")
    @APIResponse(responseCode = "202", description = "Under way; Location has its progress", content = @Content(schema = @Schema(implementation = PublicationView.class)))
    @APIResponse(responseCode = "422", description = "Refused: 'errors' has a sentence for each field at fault")
    public Response publish(String owner, String name, @Nullable VersionRequest request) {
        AccountId account = access.require(Scope.PUBLISH);
        String id = publications.begin(account, owner, name, required(request));
        return Response.accepted(publications.get(account, id)).location(URI.create("/api/publications/" + id)).build();
    }

    @GET
    @Path("/{owner}/{name}/offers")
    @Transactional
    @Operation(summary = "The offers of its versions, the latest first, coming ones included")
    public List<OwnModel.OfferView> offers(String owner, String name) {
        return shown(management.mine(access.require(Scope.READ), owner, name)).versions().stream()
                .flatMap(version -> version.offers().stream()).toList();
    }

    @POST
    @Path("/{owner}/{name}/offers")
    @Consumes(MediaType.APPLICATION_JSON)
    @Operation(summary = "Announces a price", description = "In nanos, from a moment on; left out: at once. A rise needs 24 hours'"
            + " notice. Needs a token with the scope manage.")
    public Response announce(String owner, String name, VersionRequest.@Nullable OfferRequest offer) {
        AccountId account = access.require(Scope.MANAGE);
        Offer made = management.announce(account, owner, name, required(offer));
        return Response.status(Response.Status.CREATED).entity(QuarkusTransaction.requiringNew()
                .call(() -> shown(management.mine(account, owner, name))).offer(made.id())).build();
    }

    private OwnModel shown(Model model) {
        return OwnModel.of(model, runs, clock.instant());
    }

    static <T> T required(@Nullable T request) {
        if (request == null) {
            throw new InvalidListing("body", "Send a JSON object; /q/openapi describes it.");
        }
        return request;
    }
}
