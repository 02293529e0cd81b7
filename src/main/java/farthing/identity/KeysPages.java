package farthing.identity;

import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import jakarta.ws.rs.Consumes;
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
import jakarta.ws.rs.core.MultivaluedMap;
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

        static native TemplateInstance key(OneKey page);

        static native TemplateInstance revokeKey(Revocation page);
    }

    /**
     * @param ended how many of the account's keys are revoked or expired; they are among {@code keys} when {@code all} are
     *        shown
     */
    record Keys(List<Row> keys, boolean all, int ended, @Nullable Created created, boolean rejected, KeyForm form,
            List<Choice> lines) {
    }

    /** @param prefixes of the secrets that live, the newest first */
    record Row(String id, String name, List<String> prefixes, String line, String state, boolean active, Amount today,
            Amount total, @Nullable Amount dailyLimit, @Nullable Amount totalLimit, int todayPart, int totalPart,
            List<String> limits, @Nullable Instant lastUsed, @Nullable Instant expires) {
    }

    /** @param older whether another one has taken its place */
    record Secret(String prefix, Instant made, @Nullable Instant ends, boolean older) {
    }

    /** @param rotatable whether a further secret may live */
    record OneKey(Row key, boolean revoked, List<Secret> secrets, boolean rotatable, List<Choice> keep,
            @Nullable Created created, @Nullable String done, KeyForm form) {
    }

    record Created(String name, String secret, String curl) {
    }

    record Choice(String value, String label, boolean selected) {
    }

    record Revocation(String id, String name, String prefix) {
    }

    private static final List<Choice> KEEP = List.of(new Choice("0", "no longer: it ends at once", false),
            new Choice("1", "one hour", false), new Choice("24", "one day", true), new Choice("72", "three days", false),
            new Choice("168", "seven days", false));

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
    @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
    public Response create(MultivaluedMap<String, String> typed) {
        AccountId account = signedIn.account();
        List<LineId> own = lines.of(account);
        KeyForm form = KeyForm.of(firstOf(typed), Optional.of(own), clock.instant());
        if (!form.valid()) {
            return Response.status(422).entity(Templates.keys(page(account, null, form, false))).build();
        }
        NewApiKey key = keys.create(account, form.lineIn(own).orElseThrow(), form.value("name"), form.limits(),
                form.expiresAt(null));
        return once(Templates.keys(page(account, created(form.value("name"), key), KeyForm.EMPTY, false)));
    }

    @GET
    @Path("/{id}")
    public TemplateInstance one(@PathParam("id") long id, @QueryParam("done") @DefaultValue("") String done) {
        ApiKey key = keys.get(signedIn.account(), new ApiKeyId(id));
        return Templates.key(page(key, null, switch (done) {
            case "saved" -> "Saved. Every server knows it within two seconds.";
            case "ended" -> "The older secret has ended.";
            default -> null;
        }, KeyForm.of(key)));
    }

    @POST
    @Path("/{id}")
    @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
    public Response change(@PathParam("id") long id, MultivaluedMap<String, String> typed) {
        AccountId account = signedIn.account();
        ApiKey key = keys.get(account, new ApiKeyId(id));
        KeyForm form = KeyForm.of(firstOf(typed), Optional.empty(), clock.instant());
        if (!form.valid()) {
            return Response.status(422).entity(Templates.key(page(key, null, null, form))).build();
        }
        keys.change(account, key.keyId(), form.value("name"), form.limits(), form.expiresAt(key.expiresAt));
        return Response.seeOther(URI.create("/keys/" + id + "?done=saved")).build();
    }

    @POST
    @Path("/{id}/rotate")
    public Response rotate(@PathParam("id") long id, @FormParam("keep") @DefaultValue("24") long hours) {
        AccountId account = signedIn.account();
        NewApiKey fresh = keys.rotate(account, new ApiKeyId(id), Duration.ofHours(Math.clamp(hours, -1, 10_000)));
        ApiKey key = keys.get(account, fresh.id());
        return once(Templates.key(page(key, created(key.name, fresh), null, KeyForm.of(key))));
    }

    @POST
    @Path("/{id}/end-older")
    public Response endOlder(@PathParam("id") long id) {
        keys.endOlder(signedIn.account(), new ApiKeyId(id));
        return Response.seeOther(URI.create("/keys/" + id + "?done=ended")).build();
    }

    @GET
    @Path("/{id}/revoke")
    public TemplateInstance askToRevoke(@PathParam("id") long id) {
        ApiKey key = keys.get(signedIn.account(), new ApiKeyId(id));
        return Templates.revokeKey(new Revocation(Long.toString(id), key.name,
                keys.secretsOf(List.of(key)).getOrDefault(key.keyId(), List.of()).getFirst().prefix));
    }

    @POST
    @Path("/{id}/revoke")
    public Response revoke(@PathParam("id") long id) {
        keys.revoke(signedIn.account(), new ApiKeyId(id));
        return Response.seeOther(URI.create("/keys")).build();
    }

    private Created created(String name, NewApiKey key) {
        return new Created(name, key.secret(), sample.curl(key.secret()));
    }

    /** In this answer alone: a redirect would have to keep the secret somewhere. */
    private static Response once(TemplateInstance page) {
        return Response.ok(page).header(HttpHeaders.CACHE_CONTROL, "no-store").build();
    }

    private static Map<String, String> firstOf(MultivaluedMap<String, String> typed) {
        Map<String, String> values = new HashMap<>();
        typed.forEach((name, all) -> values.put(name, all.getFirst()));
        return values;
    }

    private Keys page(AccountId account, @Nullable Created created, KeyForm form, boolean all) {
        List<Row> rows = rows(account, keys.of(account));
        List<Row> active = rows.stream().filter(Row::active).toList();
        List<Choice> choices = lines.labelsOf(account).entrySet().stream().map(line -> {
            String value = Integer.toString(line.getKey().value());
            return new Choice(value, line.getValue(), value.equals(form.value("line")));
        }).toList();
        return new Keys(all ? rows : active, all, rows.size() - active.size(), created, !form.valid(), form, choices);
    }

    private OneKey page(ApiKey key, @Nullable Created created, @Nullable String done, KeyForm form) {
        Row row = rows(new AccountId(key.account), List.of(key)).getFirst();
        List<ApiKeySecret> secrets = keys.secretsOf(List.of(key)).getOrDefault(key.keyId(), List.of());
        return new OneKey(row, key.revokedAt != null,
                secrets.stream().map(one -> new Secret(one.prefix, one.createdAt, one.endsAt, one.endsAt != null)).toList(),
                row.active() && secrets.stream().noneMatch(one -> one.endsAt != null), KEEP, created, done, form);
    }

    private List<Row> rows(AccountId account, List<ApiKey> shown) {
        Map<LineId, String> labels = lines.labelsOf(account);
        Map<ApiKeyId, KeySpending.Spent> spent = spending.spent(account);
        Map<ApiKeyId, List<ApiKeySecret>> secrets = keys.secretsOf(shown);
        return shown.stream().map(key -> row(key, secrets.getOrDefault(key.keyId(), List.of()), labels,
                spent.getOrDefault(key.keyId(), KeySpending.Spent.NOTHING))).toList();
    }

    private Row row(ApiKey key, List<ApiKeySecret> secrets, Map<LineId, String> labels, KeySpending.Spent spent) {
        String state = key.state(clock.instant());
        KeyLimits limits = key.limits();
        return new Row(Long.toString(key.id), key.name, secrets.stream().map(one -> one.prefix).toList(),
                labels.getOrDefault(key.lineId(), "?"), state, state.equals("active"), spent.today(), spent.inAll(),
                limits.perDay(), limits.total(), part(spent.today(), limits.perDay()), part(spent.inAll(), limits.total()),
                LimitsText.of(limits), key.lastUsedAt, key.expiresAt);
    }

    private static int part(Amount spent, @Nullable Amount limit) {
        return limit == null ? 0
                : Math.toIntExact(Rounding.multiplyDivideDown(spent.min(limit).nanos(), 1000, limit.nanos()));
    }
}
