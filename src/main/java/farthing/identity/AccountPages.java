package farthing.identity;

import java.net.URI;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

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
import farthing.web.Shortened;
import farthing.web.Site;
import farthing.web.Visit;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;

@Path("/account")
@Produces(MediaType.TEXT_HTML)
@Blocking
class AccountPages {

    @CheckedTemplate(basePath = "identity", defaultName = CheckedTemplate.HYPHENATED_ELEMENT_NAME)
    static class Templates {

        private Templates() {
        }

        static native TemplateInstance account(AccountView page);

        static native TemplateInstance revokeToken(Revocation page);

        static native TemplateInstance deactivate(Farewell page);
    }

    record Revocation(String id, String name, String prefix) {
    }

    /** @param refused null unless it was asked for and cannot be done */
    record Farewell(String name, @Nullable String refused) {
    }

    /** What was typed and what is to be told about it. */
    private record Told(String name, @Nullable String nameError, boolean saved, @Nullable String done,
            AccountView.@Nullable NewToken created, @Nullable TokenForm form) {
    }

    private final SignedIn signedIn;
    private final Visit visit;
    private final Accounts accounts;
    private final Roles roles;
    private final PersonalTokens tokens;
    private final Organisation organisation;
    private final Logins logins;
    private final Lines lines;
    private final LineBalances balances;
    private final Site site;
    private final Clock clock;

    AccountPages(SignedIn signedIn, Visit visit, Accounts accounts, Roles roles, PersonalTokens tokens,
            Organisation organisation, Logins logins, Lines lines, LineBalances balances, Site site, Clock clock) {
        this.signedIn = signedIn;
        this.visit = visit;
        this.accounts = accounts;
        this.roles = roles;
        this.tokens = tokens;
        this.organisation = organisation;
        this.logins = logins;
        this.lines = lines;
        this.balances = balances;
        this.site = site;
        this.clock = clock;
    }

    @GET
    public TemplateInstance show(@QueryParam("saved") @DefaultValue("false") boolean saved,
            @QueryParam("done") @DefaultValue("") String done) {
        AccountId id = signedIn.account();
        return page(id, new Told(accounts.handleOf(id), null, saved, sentence(done), null, null));
    }

    @POST
    public Response rename(@FormParam("name") @DefaultValue("") String name) {
        AccountId id = signedIn.account();
        try {
            accounts.rename(id, name.strip());
        } catch (HandleRefused refused) {
            return Response.status(refused.status())
                    .entity(page(id, new Told(name, refused.detail(), false, null, null, null))).build();
        }
        return Response.seeOther(URI.create("/account?saved=true")).build();
    }

    @POST
    @Path("/tokens")
    public Response createToken(@FormParam("name") @DefaultValue("") String name, @FormParam("scopes") List<String> scopes,
            @FormParam("expires") @DefaultValue("") String expires) {
        AccountId id = signedIn.account();
        String handle = accounts.handleOf(id);
        TokenForm form = TokenForm.of(name.strip(), scopes, expires.strip(), clock);
        if (!form.valid()) {
            return Response.status(422).entity(page(id, new Told(handle, null, false, null, null, form))).build();
        }
        String secret = tokens.create(id, form.name(), form.chosen(), form.expiresAt()).secret();
        AccountView.NewToken created = new AccountView.NewToken(form.name(), secret,
                form.chosen().contains(Scope.READ)
                        ? "curl -H \"Authorization: Bearer " + secret + "\" " + site.publicUrl() + "/api/models"
                        : null,
                form.chosen().contains(Scope.PUBLISH)
                        ? "FARTHING_ACCESS_TOKEN=" + secret + " \\\n  ./farthing publish " + handle + "/my-model --url "
                                + site.publicUrl()
                                + " \\\n  --file my-model.gguf --task completion --purpose \"Continues verse.\""
                                + " --licence Apache-2.0 --price-output 0.40"
                        : null);
        // Shown in this answer alone: a redirect would have to keep the secret somewhere.
        return Response.ok(page(id, new Told(handle, null, false, null, created, null)))
                .header(HttpHeaders.CACHE_CONTROL, "no-store").build();
    }

    @GET
    @Path("/tokens/{id}/revoke")
    public TemplateInstance askToRevoke(@PathParam("id") long id) {
        PersonalToken token = tokens.get(signedIn.account(), id);
        return Templates.revokeToken(new Revocation(Long.toString(id), token.name, token.prefix));
    }

    @POST
    @Path("/tokens/{id}/revoke")
    public Response revoke(@PathParam("id") long id) {
        tokens.revoke(signedIn.account(), id);
        return Response.seeOther(URI.create("/account?done=revoked#tokens")).build();
    }

    @GET
    @Path("/deactivate")
    public TemplateInstance askToDeactivate() {
        return Templates.deactivate(new Farewell(accounts.handleOf(signedIn.account()), null));
    }

    @POST
    @Path("/deactivate")
    public Response deactivate() {
        AccountId id = signedIn.account();
        try {
            accounts.deactivate(id, "Its owner asked for it.");
        } catch (LastOperator refused) {
            return Response.status(refused.status())
                    .entity(Templates.deactivate(new Farewell(accounts.handleOf(id), refused.detail()))).build();
        }
        visit.signOut();
        return Response.seeOther(URI.create("/")).build();
    }

    private TemplateInstance page(AccountId id, Told told) {
        Account account = accounts.get(id);
        Instant now = clock.instant();
        List<PersonalToken> all = tokens.of(id);
        List<AccountView.TokenRow> good = all.stream().filter(token -> !token.ended(now)).map(AccountPages::row).toList();
        return Templates.account(new AccountView(told.name, told.nameError, told.saved, told.done, account.createdAt,
                roles.of(id).stream().map(AccountPages::word).toList(),
                accounts.linked(id).stream().map(wallet -> new AccountView.WalletRow(wallet.address,
                        Shortened.of(wallet.address), wallet.addedAt, wallet.address.equals(account.wallet))).toList(),
                organisation.offered() ? organisation.label() : null, logins.of(id).stream().map(LoginsPages::row).toList(),
                good, all.size() - good.size(), told.created, told.form != null,
                told.form == null ? TokenForm.fresh(clock) : told.form, lines(id)));
    }

    private List<AccountView.LineRow> lines(AccountId id) {
        Map<LineId, LineBalances.Balance> known = balances.balances(id);
        return lines.labelsOf(id).entrySet().stream().map(line -> {
            LineBalances.Balance balance = known.getOrDefault(line.getKey(), LineBalances.Balance.NOTHING);
            return new AccountView.LineRow(line.getValue(), balance.left(), balance.deposited(), balance.used());
        }).toList();
    }

    private static AccountView.TokenRow row(PersonalToken token) {
        Set<Scope> scopes = token.scopes();
        return new AccountView.TokenRow(Long.toString(token.id), token.name, token.prefix,
                scopes.stream().map(AccountPages::word).collect(Collectors.joining(", ")), token.lastUsedAt, token.expiresAt);
    }

    private static @Nullable String sentence(String done) {
        return switch (done) {
            case "linked" -> "The wallet is linked. It can sign in to this account from now on.";
            case "unlinked" -> "The wallet is unlinked. Everybody who was signed in elsewhere was signed out.";
            case "paid" -> "Versions published from now on pay this wallet.";
            case "login-linked" -> "The login is linked. It can sign in to this account from now on.";
            case "login-unlinked" -> "The login is unlinked. Everybody who was signed in elsewhere was signed out.";
            case "revoked" -> "The token is revoked.";
            default -> null;
        };
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
