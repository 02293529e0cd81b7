package farthing.catalog;

import java.net.URI;
import java.util.List;

import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
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
import io.smallrye.common.annotation.Blocking;

/** Publishing over HTTP: the browser's page, the command line and any program use exactly this. */
@Path("/api")
@Produces(MediaType.APPLICATION_JSON)
@Blocking
@Tag(name = "Publishing")
class PublishApi {

    private final Access access;
    private final Publications publications;

    PublishApi(Access access, Publications publications) {
        this.access = access;
        this.publications = publications;
    }

    @POST
    @Path("/models/{owner}/{name}/versions")
    @Consumes(MediaType.APPLICATION_JSON)
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
    @Path("/publications/{id}")
    @Operation(summary = "How far a publication is", description = "Its steps one by one, and how it ended.")
    @APIResponse(responseCode = "200", description = "state is running, listed or refused", content = @Content(schema = @Schema(implementation = PublicationView.class)))
    public Response progress(String id) {
        return Response.ok(publications.get(access.require(Scope.PUBLISH), id)).header("Cache-Control", "no-store").build();
    }

    @GET
    @Path("/publications")
    @Operation(summary = "Your latest publications, newest first")
    public List<PublicationView> latest() {
        return publications.latest(access.require(Scope.PUBLISH));
    }

    static <T> T required(@Nullable T request) {
        if (request == null) {
            throw new InvalidListing("body", "Send a JSON object; /q/openapi describes it.");
        }
        return request;
    }
}
