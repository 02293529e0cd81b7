package farthing.catalog;

import java.util.List;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

import farthing.identity.Access;
import farthing.identity.Scope;
import io.smallrye.common.annotation.Blocking;

/** How far publications are. */
@Path("/api/publications")
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

    @GET
    @Path("/{id}")
    @Operation(summary = "How far a publication is", description = "Its steps one by one, and how it ended.")
    @APIResponse(responseCode = "200", description = "state is running, listed or refused", content = @Content(schema = @Schema(implementation = PublicationView.class)))
    public Response progress(String id) {
        return Response.ok(publications.get(access.require(Scope.PUBLISH), id)).header("Cache-Control", "no-store").build();
    }

    @GET
    @Operation(summary = "Your latest publications, newest first")
    public List<PublicationView> latest() {
        return publications.latest(access.require(Scope.PUBLISH));
    }
}
