package farthing.identity;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

import farthing.web.Fault;
import io.smallrye.common.annotation.Blocking;

/** The keys of an account, for programs: what the pages under {@code /keys} do. */
@Path("/api/keys")
@Produces(MediaType.APPLICATION_JSON)
@Blocking
@Tag(name = "Keys")
class KeysApi {

    private static final String KNOWN_SOON = " Every server knows it within two seconds. Scope: manage.";

    /** @param total nanos, as are the others */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record LimitsView(@Nullable Long total, @Nullable Long perDay, KeyRequest.PriceRequest maxPrice, List<String> models,
            @Nullable Integer requestsPerMinute, @Nullable Integer tokensPerMinute, @Nullable Integer streams) {

        static LimitsView of(KeyLimits limits) {
            MaxPrice most = limits.maxPrice();
            return new LimitsView(KeyRequest.nanos(limits.total()), KeyRequest.nanos(limits.perDay()),
                    new KeyRequest.PriceRequest(KeyRequest.nanos(most.perMillionInputTokens()),
                            KeyRequest.nanos(most.perMillionOutputTokens()), KeyRequest.nanos(most.perCall()),
                            KeyRequest.nanos(most.perItem())),
                    limits.models().patterns(), limits.rates().requestsPerMinute(), limits.rates().tokensPerMinute(),
                    limits.rates().streams());
        }
    }

    /** @param endsAt null for the newest one */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record SecretView(String prefix, Instant createdAt, @Nullable Instant endsAt) {
    }

    /**
     * @param state active, expired or revoked
     * @param spentToday nanos since 0:00 UTC
     * @param secrets those that live, the newest first
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record KeyView(long id, String name, long line, String state, LimitsView limits, long spentToday, long spentTotal,
            List<SecretView> secrets, Instant createdAt, @Nullable Instant expiresAt, @Nullable Instant lastUsedAt) {
    }

    /** @param secret shown this once */
    record FreshKey(KeyView key, String secret) {

        @Override
        public String toString() {
            return "FreshKey[" + key + "]";
        }
    }

    /** @param keepHours how long the secret used so far lives on; left out: 24 */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record Rotation(@Nullable Integer keepHours) {
    }

    private final Access access;
    private final ApiKeys keys;
    private final Lines lines;
    private final KeySpending spending;
    private final Clock clock;

    KeysApi(Access access, ApiKeys keys, Lines lines, KeySpending spending, Clock clock) {
        this.access = access;
        this.keys = keys;
        this.lines = lines;
        this.spending = spending;
        this.clock = clock;
    }

    @GET
    @Operation(summary = "Your keys, newest first", description = "Revoked and expired ones included. Scope: read.")
    public List<KeyView> all() {
        AccountId account = access.require(Scope.READ);
        return shown(account, keys.of(account));
    }

    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    @Operation(summary = "Makes a key", description = "name and line are needed; what else is left out limits nothing. Amounts are"
            + " nanos. The secret is in this answer and never again. Scope: manage.")
    @APIResponse(responseCode = "201", description = "The key and its secret", content = @Content(schema = @Schema(implementation = FreshKey.class)))
    @APIResponse(responseCode = "422", description = "Refused: 'errors' has a sentence for each field at fault")
    public Response create(@Nullable KeyRequest request) {
        AccountId account = access.require(Scope.MANAGE);
        KeyRequest wanted = required(request);
        NewApiKey fresh = keys.create(account, wanted.lineIn(lines.of(account)), wanted.named(), wanted.limits(),
                wanted.expiresAt());
        return fresh(201, account, fresh);
    }

    @GET
    @Path("/{id}")
    @Operation(summary = "One of your keys", description = "Scope: read.")
    public KeyView one(@PathParam("id") long id) {
        return shown(access.require(Scope.READ), id);
    }

    @PUT
    @Path("/{id}")
    @Consumes(MediaType.APPLICATION_JSON)
    @Operation(summary = "Replaces name, limits and expiry of a key", description = "All of them: what is left out limits nothing any"
            + " more. Its line and its secrets stay." + KNOWN_SOON)
    public KeyView change(@PathParam("id") long id, @Nullable KeyRequest request) {
        AccountId account = access.require(Scope.MANAGE);
        keys.get(account, new ApiKeyId(id));
        KeyRequest wanted = required(request);
        wanted.check();
        keys.change(account, new ApiKeyId(id), wanted.named(), wanted.limits(), wanted.expiresAt());
        return shown(account, id);
    }

    @POST
    @Path("/{id}/rotate")
    @Consumes({ MediaType.APPLICATION_JSON, MediaType.WILDCARD })
    @Operation(summary = "Gives a key a new secret", description = "Limits, spending and history stay. The secret used so far lives on"
            + " for keep_hours: 24 unless stated, 168 at most, 0 ends it at once. Two live at most." + KNOWN_SOON)
    @APIResponse(responseCode = "200", description = "The key and its new secret, which is in this answer and never again", content = @Content(schema = @Schema(implementation = FreshKey.class)))
    @APIResponse(responseCode = "409", description = "Two secrets live already, or the key has ended")
    public Response rotate(@PathParam("id") long id, @Nullable Rotation rotation) {
        AccountId account = access.require(Scope.MANAGE);
        Duration keep = rotation == null || rotation.keepHours() == null ? ApiKeys.USUALLY_KEPT
                : Duration.ofHours(rotation.keepHours());
        return fresh(200, account, keys.rotate(account, new ApiKeyId(id), keep));
    }

    @POST
    @Path("/{id}/end-older")
    @Consumes(MediaType.WILDCARD)
    @Operation(summary = "Ends the older of two secrets", description = "The newest one stays." + KNOWN_SOON)
    public KeyView endOlder(@PathParam("id") long id) {
        AccountId account = access.require(Scope.MANAGE);
        keys.endOlder(account, new ApiKeyId(id));
        return shown(account, id);
    }

    @DELETE
    @Path("/{id}")
    @Operation(summary = "Revokes a key", description = "For good; its calls and receipts stay." + KNOWN_SOON)
    public KeyView revoke(@PathParam("id") long id) {
        AccountId account = access.require(Scope.MANAGE);
        keys.revoke(account, new ApiKeyId(id));
        return shown(account, id);
    }

    private static KeyRequest required(@Nullable KeyRequest request) {
        if (request == null) {
            throw KeyRefused.invalid(List.of(new Fault("body", "Send a JSON object; /q/openapi describes it.")));
        }
        return request;
    }

    private Response fresh(int status, AccountId account, NewApiKey key) {
        return Response.status(status).entity(new FreshKey(shown(account, key.id().value()), key.secret()))
                .header(HttpHeaders.CACHE_CONTROL, "no-store").build();
    }

    private KeyView shown(AccountId account, long id) {
        return shown(account, List.of(keys.get(account, new ApiKeyId(id)))).getFirst();
    }

    private List<KeyView> shown(AccountId account, List<ApiKey> shown) {
        Map<ApiKeyId, KeySpending.Spent> spent = spending.spent(account);
        Map<ApiKeyId, List<ApiKeySecret>> secrets = keys.secretsOf(shown);
        return shown.stream().map(key -> {
            KeySpending.Spent gone = spent.getOrDefault(key.keyId(), KeySpending.Spent.NOTHING);
            return new KeyView(key.id, key.name, Integer.toUnsignedLong(key.line), key.state(clock.instant()),
                    LimitsView.of(key.limits()), gone.today().nanos(), gone.inAll().nanos(),
                    secrets.getOrDefault(key.keyId(), List.of()).stream()
                            .map(one -> new SecretView(one.prefix, one.createdAt, one.endsAt)).toList(),
                    key.createdAt, key.expiresAt, key.lastUsedAt);
        }).toList();
    }
}
