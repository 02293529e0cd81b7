package farthing.identity;

import java.net.URI;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.FormParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

import org.jspecify.annotations.Nullable;

import farthing.ledger.LineId;
import farthing.money.Amount;
import farthing.money.Rounding;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;

@Path("/keys")
@Produces(MediaType.TEXT_HTML)
@Blocking
class KeysPages {

    @CheckedTemplate(basePath = "identity", defaultName = CheckedTemplate.HYPHENATED_ELEMENT_NAME)
    static class Templates {

        private Templates() {
        }

        static native TemplateInstance keys(Keys page);

        static native TemplateInstance revokeKey(Revocation page);
    }

    /**
     * @param ended how many of the account's keys are revoked or expired; they are among {@code keys} when {@code all} are
     *        shown
     */
    record Keys(List<Row> keys, boolean all, int ended, @Nullable Created created, boolean rejected, KeyForm form,
            List<Choice> lines) {
    }

    record Row(String id, String name, String prefix, String line, String state, boolean active, Amount today, Amount total,
            @Nullable Amount dailyLimit, @Nullable Amount totalLimit, int todayPart, int totalPart, @Nullable Instant lastUsed,
            @Nullable Instant expires) {
    }

    record Created(String name, String secret, String curl) {
    }

    record Choice(String value, String label, boolean selected) {
    }

    record Revocation(String id, String name, String prefix) {
    }

    private final SignedIn signedIn;
    private final ApiKeys keys;
    private final Lines lines;
    private final KeySpending spending;
    private final SampleCall sample;
    private final PlaygroundKeys playgrounds;
    private final Clock clock;

    KeysPages(SignedIn signedIn, ApiKeys keys, Lines lines, KeySpending spending, SampleCall sample,
            PlaygroundKeys playgrounds, Clock clock) {
        this.signedIn = signedIn;
        this.keys = keys;
        this.lines = lines;
        this.spending = spending;
        this.sample = sample;
        this.playgrounds = playgrounds;
        this.clock = clock;
    }

    @GET
    public TemplateInstance show(@QueryParam("ended") @DefaultValue("false") boolean all) {
        return Templates.keys(page(signedIn.account(), null, KeyForm.EMPTY, all));
    }

    /** @param line number of the line on which it draws @param left nanos that it may still spend, as is the limit */
    record PlaygroundKey(String secret, Instant expiresAt, long line, String label, long limit, long left) {
    }

    /** Asked for by the script of a model's page, which keeps the secret as long as its tab is open. */
    @POST
    @Path("/playground")
    @Produces(MediaType.APPLICATION_JSON)
    public Response playground(@QueryParam("line") Optional<String> line) {
        PlaygroundKeys.Fresh key = playgrounds.make(signedIn.account(), line);
        return Response
                .ok(new PlaygroundKey(key.secret(), key.expiresAt(), Integer.toUnsignedLong(key.line().value()), key.label(),
                        key.limit().nanos(), key.left().nanos()))
                .header(HttpHeaders.CACHE_CONTROL, "no-store").build();
    }

    @POST
    public Response create(@FormParam("name") @DefaultValue("") String name, @FormParam("line") @DefaultValue("") String line,
            @FormParam("total") @DefaultValue("") String total, @FormParam("daily") @DefaultValue("") String daily,
            @FormParam("expires") @DefaultValue("") String expires) {
        AccountId account = signedIn.account();
        List<LineId> own = lines.of(account);
        KeyForm form = KeyForm.of(name.strip(), line, total.strip(), daily.strip(), expires.strip(), own, clock);
        if (!form.valid()) {
            return Response.status(422).entity(Templates.keys(page(account, null, form, false))).build();
        }
        NewApiKey key = keys.create(account, form.lineIn(own), form.name(), form.limits(), form.expiresAt());
        Created created = new Created(form.name(), key.secret(), sample.curl(key.secret()));
        // Shown in this answer alone: a redirect would have to keep the secret somewhere.
        return Response.ok(Templates.keys(page(account, created, KeyForm.EMPTY, false)))
                .header(HttpHeaders.CACHE_CONTROL, "no-store")
                .build();
    }

    @GET
    @Path("/{id}/revoke")
    public TemplateInstance askToRevoke(@PathParam("id") long id) {
        ApiKey key = keys.get(signedIn.account(), new ApiKeyId(id));
        return Templates.revokeKey(new Revocation(Long.toString(id), key.name, key.prefix));
    }

    @POST
    @Path("/{id}/revoke")
    public Response revoke(@PathParam("id") long id) {
        keys.revoke(signedIn.account(), new ApiKeyId(id));
        return Response.seeOther(URI.create("/keys")).build();
    }

    private Keys page(AccountId account, @Nullable Created created, KeyForm form, boolean all) {
        Map<LineId, String> labels = lines.labelsOf(account);
        Map<ApiKeyId, KeySpending.Spent> spent = spending.spent(account);
        List<Row> rows = keys.of(account).stream()
                .map(key -> row(key, labels, spent.getOrDefault(key.keyId(), KeySpending.Spent.NOTHING))).toList();
        List<Row> active = rows.stream().filter(Row::active).toList();
        List<Choice> choices = labels.entrySet().stream().map(line -> {
            String value = Integer.toString(line.getKey().value());
            return new Choice(value, line.getValue(), value.equals(form.line()));
        }).toList();
        return new Keys(all ? rows : active, all, rows.size() - active.size(), created, form != KeyForm.EMPTY, form, choices);
    }

    private Row row(ApiKey key, Map<LineId, String> labels, KeySpending.Spent spent) {
        String state = key.state(clock.instant());
        KeyLimits limits = key.limits();
        return new Row(Long.toString(key.id), key.name, key.prefix, labels.getOrDefault(key.lineId(), "?"), state,
                state.equals("active"), spent.today(), spent.inAll(), limits.perDay(), limits.total(),
                part(spent.today(), limits.perDay()), part(spent.inAll(), limits.total()), key.lastUsedAt, key.expiresAt);
    }

    private static int part(Amount spent, @Nullable Amount limit) {
        return limit == null ? 0
                : Math.toIntExact(Rounding.multiplyDivideDown(spent.min(limit).nanos(), 1000, limit.nanos()));
    }
}
