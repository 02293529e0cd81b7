package farthing.webhook;

import java.net.URI;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.annotation.JsonRawValue;

import farthing.identity.Access;
import farthing.identity.AccountId;
import farthing.identity.Scope;
import io.smallrye.common.annotation.Blocking;

@Path("/api/webhooks")
@Produces(MediaType.APPLICATION_JSON)
@Blocking
@Tag(name = "Webhooks")
class WebhooksApi {

    private static final int MOST = 100;

    /** @param enabled left out: as it is; a new one is on */
    record Request(@Nullable String name, @Nullable String url, @Nullable List<String> events, @Nullable Boolean enabled) {
    }

    /** @param state on, off (by its owner), failed (it took nothing for days) or gone (it answered 410) */
    record View(long id, String name, String url, List<String> events, String state, Instant changedAt,
            @Nullable Instant failingSince, @Nullable Instant previousSecretUntil, Instant createdAt) {

        static View of(Hook hook) {
            return new View(hook.id(), hook.name(), hook.url().toString(), hook.eventNames(),
                    WebhooksPages.word(hook.health().state()), hook.changedAt(), hook.health().failingSince(),
                    hook.previousUntil(), hook.createdAt());
        }
    }

    /** @param secret to verify signatures with; not shown again */
    record WithSecret(View webhook, String secret) {
    }

    /** @param state pending, delivered or failed */
    record Sent(long id, String eventId, String type, String state, int attempts, @Nullable Instant nextAttemptAt,
            @Nullable Integer lastStatus, @Nullable String lastFault, Instant createdAt) {

        static Sent of(DeliveryLog.Entry entry) {
            return new Sent(entry.id(), entry.eventId(), entry.type().wireName, WebhooksPages.word(entry.delivery().state()),
                    entry.delivery().attempts(), entry.delivery().nextAt(), entry.lastStatus(), entry.lastFault(),
                    entry.createdAt());
        }
    }

    record Page(List<Sent> data, boolean hasMore) {
    }

    record Attempt(int number, Instant at, int millis, @Nullable Integer status, @Nullable String fault, String answer) {
    }

    /** @param event as it is sent */
    record Whole(Sent delivery, @Schema(implementation = Object.class) @JsonRawValue String event, List<Attempt> attempts) {
    }

    private final Access access;
    private final Hooks hooks;
    private final DeliveryLog log;
    private final WebhookJobs jobs;

    WebhooksApi(Access access, Hooks hooks, DeliveryLog log, WebhookJobs jobs) {
        this.access = access;
        this.hooks = hooks;
        this.log = log;
        this.jobs = jobs;
    }

    @GET
    @Operation(summary = "Your webhooks", description = "Scope: read.")
    public List<View> list() {
        return hooks.of(access.require(Scope.READ)).stream().map(View::of).toList();
    }

    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    @Operation(summary = "Adds a webhook", description = "events: farthing.budget.reached.v1, farthing.batch.posted.v1,"
            + " farthing.payout.paid.v1. Without a name it has that of its host. The secret is in this answer alone. Scope: manage.")
    @APIResponse(responseCode = "201", description = "With its secret", content = @Content(schema = @Schema(implementation = WithSecret.class)))
    @APIResponse(responseCode = "422", description = "Refused: 'errors' has a sentence for each field at fault")
    public Response create(@Nullable Request request) {
        AccountId account = access.require(Scope.MANAGE);
        Request wish = required(request);
        String url = Optional.ofNullable(wish.url).orElse("");
        Hooks.Fresh fresh = hooks.create(account, Optional.ofNullable(wish.name).orElseGet(() -> host(url)), url,
                Optional.ofNullable(wish.events).orElse(List.of()));
        Hook hook = Boolean.FALSE.equals(wish.enabled) ? hooks.switchOff(account, fresh.hook().id()) : fresh.hook();
        return Response.created(URI.create("/api/webhooks/" + hook.id()))
                .entity(new WithSecret(View.of(hook), fresh.secret().text())).header(HttpHeaders.CACHE_CONTROL, "no-store")
                .build();
    }

    @GET
    @Path("/{id}")
    @Operation(summary = "One of your webhooks", description = "Scope: read.")
    public View one(@PathParam("id") long id) {
        return View.of(hooks.get(access.require(Scope.READ), id));
    }

    @PUT
    @Path("/{id}")
    @Consumes(MediaType.APPLICATION_JSON)
    @Operation(summary = "Changes a webhook, or switches it on or off", description = "What is left out stays as it is. Scope: manage.")
    public View edit(@PathParam("id") long id, @Nullable Request request) {
        AccountId account = access.require(Scope.MANAGE);
        Request wish = required(request);
        Hook hook = hooks.edit(account, id, wish.name, wish.url, wish.events);
        if (wish.enabled != null) {
            hook = wish.enabled ? hooks.switchOn(account, id) : hooks.switchOff(account, id);
            jobs.hurry();
        }
        return View.of(hook);
    }

    @DELETE
    @Path("/{id}")
    @Operation(summary = "Deletes a webhook with its deliveries", description = "Scope: manage.")
    public void delete(@PathParam("id") long id) {
        hooks.delete(access.require(Scope.MANAGE), id);
    }

    @POST
    @Path("/{id}/secret")
    @Consumes(MediaType.WILDCARD)
    @Operation(summary = "Makes a new secret", description = "The one before signs too, for 24 hours. The new one is in this answer"
            + " alone. Scope: manage.")
    @APIResponse(responseCode = "200", content = @Content(schema = @Schema(implementation = WithSecret.class)))
    public Response rotate(@PathParam("id") long id) {
        Hooks.Fresh fresh = hooks.rotate(access.require(Scope.MANAGE), id);
        return Response.ok(new WithSecret(View.of(fresh.hook()), fresh.secret().text()))
                .header(HttpHeaders.CACHE_CONTROL, "no-store").build();
    }

    @POST
    @Path("/{id}/test")
    @Consumes(MediaType.WILDCARD)
    @Operation(summary = "Sends a test", description = "An event of the type farthing.test.v1. Scope: manage.")
    @APIResponse(responseCode = "202", description = "On its way; see its deliveries")
    @APIResponse(responseCode = "429", description = "Ten in a minute were sent by hand")
    public Response test(@PathParam("id") long id) {
        hooks.test(access.require(Scope.MANAGE), id);
        jobs.hurry();
        return Response.accepted().location(URI.create("/api/webhooks/" + id + "/deliveries")).build();
    }

    @GET
    @Path("/{id}/deliveries")
    @Operation(summary = "What was sent to it, newest first", description = "state: pending, delivered or failed; before: a delivery's"
            + " id, for those behind it. They are kept for some weeks. Scope: read.")
    public Page deliveries(@PathParam("id") long id, @QueryParam("state") @DefaultValue("") String state,
            @QueryParam("before") @DefaultValue("9223372036854775807") long before,
            @QueryParam("limit") @DefaultValue("20") int limit) {
        Hook hook = hooks.get(access.require(Scope.READ), id);
        int most = Math.max(1, Math.min(limit, MOST));
        List<Sent> found = log.before(hook.id(), WebhooksPages.state(state), before, most + 1).stream().map(Sent::of).toList();
        return new Page(found.stream().limit(most).toList(), found.size() > most);
    }

    @GET
    @Path("/{id}/deliveries/{delivery}")
    @Operation(summary = "One delivery with its event and attempts", description = "Of an answer the first 1,024 bytes are kept."
            + " Scope: read.")
    public Whole delivery(@PathParam("id") long id, @PathParam("delivery") long delivery) {
        DeliveryLog.Whole whole = log.get(hooks.get(access.require(Scope.READ), id).id(), delivery);
        return new Whole(Sent.of(whole.entry()), whole.body(), whole.attempts().stream().map(each -> new Attempt(each.number(),
                each.at(), each.millis(), each.status(), each.fault(), each.answer())).toList());
    }

    @POST
    @Path("/{id}/deliveries/{delivery}/again")
    @Consumes(MediaType.WILDCARD)
    @Operation(summary = "Sends a delivery again", description = "The same event under the same id, at once. Scope: manage.")
    @APIResponse(responseCode = "202", description = "On its way")
    @APIResponse(responseCode = "429", description = "Ten in a minute were sent by hand")
    public Response again(@PathParam("id") long id, @PathParam("delivery") long delivery) {
        hooks.again(access.require(Scope.MANAGE), id, delivery);
        jobs.hurry();
        return Response.accepted().location(URI.create("/api/webhooks/" + id + "/deliveries/" + delivery)).build();
    }

    private static Request required(@Nullable Request request) {
        if (request == null) {
            throw new WebhookRefused("body", "Send a JSON object; /q/openapi describes it.");
        }
        return request;
    }

    private static String host(String url) {
        try {
            return Optional.ofNullable(URI.create(url.strip()).getHost()).orElse("");
        } catch (IllegalArgumentException noUrl) {
            return "";
        }
    }
}
