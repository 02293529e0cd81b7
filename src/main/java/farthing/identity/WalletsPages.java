package farthing.identity;

import java.net.URI;
import java.util.Map;

import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.FormParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

import org.jspecify.annotations.Nullable;

import farthing.chain.Address;
import farthing.web.Shortened;
import farthing.web.Visit;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;

/** What /account does with wallets. */
@Path("/account/wallets")
@Blocking
class WalletsPages {

    @CheckedTemplate(basePath = "identity", defaultName = CheckedTemplate.HYPHENATED_ELEMENT_NAME)
    static class Templates {

        private Templates() {
        }

        static native TemplateInstance unlinkWallet(Unlinking page);
    }

    record Unlinking(String address, String addressShort, @Nullable String kept) {
    }

    private final SignedIn signedIn;
    private final Visit visit;
    private final SignIn signIn;
    private final Accounts accounts;
    private final Wallets wallets;

    WalletsPages(SignedIn signedIn, Visit visit, SignIn signIn, Accounts accounts, Wallets wallets) {
        this.signedIn = signedIn;
        this.visit = visit;
        this.signIn = signIn;
        this.accounts = accounts;
        this.wallets = wallets;
    }

    @POST
    @Path("/challenge")
    @Produces(MediaType.APPLICATION_JSON)
    public SignIn.Challenge challenge(@FormParam("address") @DefaultValue("") String address) {
        AccountId account = signedIn.account();
        return signIn.beginLink(new Address(address.strip()), account, visit.sessionMark());
    }

    @POST
    @Path("/verify")
    @Produces(MediaType.APPLICATION_JSON)
    public Map<String, String> verify(@FormParam("nonce") @DefaultValue("") String nonce,
            @FormParam("signature") @DefaultValue("") String signature) {
        AccountId account = signedIn.account();
        wallets.link(account, signIn.finishLink(nonce, signature, account, visit.sessionMark()));
        return Map.of("next", "/account?done=linked#wallets");
    }

    @POST
    @Path("/{address}/payout")
    public Response payAt(@PathParam("address") String address) {
        AccountId account = signedIn.account();
        wallets.payAt(account, accounts.ownWallet(account, address));
        return Response.seeOther(URI.create("/account?done=paid#wallets")).build();
    }

    @GET
    @Path("/{address}/unlink")
    @Produces(MediaType.TEXT_HTML)
    public TemplateInstance askToUnlink(@PathParam("address") String address) {
        AccountId account = signedIn.account();
        Address wallet = accounts.ownWallet(account, address);
        return page(wallet, wallets.reasonToKeep(account, wallet).orElse(null));
    }

    @POST
    @Path("/{address}/unlink")
    @Produces(MediaType.TEXT_HTML)
    public Response unlink(@PathParam("address") String address) {
        AccountId account = signedIn.account();
        Address wallet = accounts.ownWallet(account, address);
        try {
            wallets.unlink(account, wallet);
        } catch (WalletRefused refused) {
            return Response.status(refused.status()).entity(page(wallet, refused.detail())).build();
        }
        // Whoever came in with that wallet is out.
        visit.endOtherSessions();
        return Response.seeOther(URI.create("/account?done=unlinked#wallets")).build();
    }

    private static TemplateInstance page(Address wallet, @Nullable String kept) {
        return Templates.unlinkWallet(new Unlinking(wallet.text(), Shortened.of(wallet.text()), kept));
    }
}
