package farthing.market;

import java.util.List;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.annotation.JsonInclude;

import farthing.identity.Access;
import farthing.identity.Role;
import farthing.web.Formats;
import io.smallrye.common.annotation.Blocking;

/** What {@code /operator} says, for programs that wake somebody. */
@Path("/api/operator")
@Blocking
@Produces(MediaType.APPLICATION_JSON)
class OperatorApi {

    record Answer(List<Item> concerns) {
    }

    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Item(String id, String part, String what, String since, String advice, @Nullable String href) {

        Item(Concerns.Dated dated) {
            this(dated.concern().id(), dated.part(), dated.concern().what(), Formats.iso(dated.since()),
                    dated.concern().advice(), dated.concern().href());
        }
    }

    private final Access access;
    private final Concerns concerns;

    OperatorApi(Access access, Concerns concerns) {
        this.access = access;
        this.concerns = concerns;
    }

    @GET
    @Path("concerns")
    public Answer concerns() {
        access.require(Role.OPERATOR);
        return new Answer(concerns.now().stream().map(Item::new).toList());
    }
}
