package farthing.market;

import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.FormParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

import org.jspecify.annotations.Nullable;

import farthing.identity.AccountId;
import farthing.identity.Accounts;
import farthing.identity.LastOperator;
import farthing.identity.Role;
import farthing.identity.Roles;
import farthing.identity.SignedIn;
import farthing.web.Operated;
import farthing.web.Shortened;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;

/** What needs a hand, how everything is, and who may take part. For operators. */
@Path("/operator")
@Blocking
@Produces(MediaType.TEXT_HTML)
class OperatorPages {

    private static final int LONGEST_REASON = 300;

    record OperatorView(List<Concerns.Dated> concerns, List<Part> parts, String handle, @Nullable Found account,
            boolean nobody, String why, @Nullable String whyError) {
    }

    record Part(String title, List<Operated.Fact> facts, boolean unseen) {
    }

    /** @param because why it was deactivated; null while it is active */
    record Found(String handle, List<Wallet> wallets, List<String> roles, @Nullable String because) {
    }

    record Wallet(String address, String addressShort) {
    }

    @CheckedTemplate(basePath = "market")
    static class Templates {

        private Templates() {
        }

        static native TemplateInstance operator(OperatorView page);
    }

    private final SignedIn signedIn;
    private final Concerns concerns;
    private final Accounts accounts;
    private final Roles roles;

    OperatorPages(SignedIn signedIn, Concerns concerns, Accounts accounts, Roles roles) {
        this.signedIn = signedIn;
        this.concerns = concerns;
        this.accounts = accounts;
        this.roles = roles;
    }

    @GET
    public TemplateInstance show(@QueryParam("handle") @DefaultValue("") String handle) {
        signedIn.require(Role.OPERATOR);
        return page(handle.strip(), "", null);
    }

    @POST
    @Path("deactivate")
    public Response deactivate(@FormParam("handle") @DefaultValue("") String handle,
            @FormParam("why") @DefaultValue("") String why) {
        signedIn.require(Role.OPERATOR);
        String error = why.isBlank() || why.length() > LONGEST_REASON
                ? "Say why, in at most " + LONGEST_REASON + " characters: the account's owner is told."
                : null;
        try {
            if (error == null) {
                accounts.byHandle(handle).ifPresent(account -> accounts.deactivate(account, why.strip()));
                return back(handle);
            }
        } catch (LastOperator last) {
            error = last.detail();
        }
        return Response.status(422).entity(page(handle, why, error)).build();
    }

    @POST
    @Path("reactivate")
    public Response reactivate(@FormParam("handle") @DefaultValue("") String handle) {
        signedIn.require(Role.OPERATOR);
        accounts.byHandle(handle).ifPresent(accounts::reactivate);
        return back(handle);
    }

    private static Response back(String handle) {
        return Response
                .seeOther(URI.create("/operator?handle=" + URLEncoder.encode(handle, StandardCharsets.UTF_8) + "#accounts"))
                .build();
    }

    private TemplateInstance page(String handle, String why, @Nullable String whyError) {
        Found found = accounts.byHandle(handle).map(account -> found(handle, account)).orElse(null);
        return Templates.operator(new OperatorView(concerns.now(), concerns.parts().stream().map(OperatorPages::part).toList(),
                handle, found, found == null && !handle.isEmpty(), why, whyError));
    }

    private Found found(String handle, AccountId account) {
        return new Found(handle,
                accounts.walletsOf(account).stream().map(wallet -> new Wallet(wallet.text(), Shortened.of(wallet.text())))
                        .toList(),
                roles.of(account).stream().map(role -> role.name().toLowerCase(Locale.ROOT)).toList(),
                accounts.deactivatedBecause(account).orElse(null));
    }

    private static Part part(Operated part) {
        try {
            return new Part(part.title(), part.facts(), false);
        } catch (RuntimeException e) {
            // Its concern says so, and the log why.
            return new Part(part.title(), List.of(), true);
        }
    }
}
