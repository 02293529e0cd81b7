package farthing.identity;

import java.net.URI;
import java.time.Instant;
import java.util.List;
import java.util.Map;

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

import farthing.ledger.LineId;
import farthing.money.Amount;
import farthing.web.Shortened;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;

@Path("/account")
@Produces(MediaType.TEXT_HTML)
@Blocking
class AccountPages {

    @CheckedTemplate(basePath = "identity")
    static class Templates {

        private Templates() {
        }

        static native TemplateInstance account(AccountPage page);
    }

    record AccountPage(String name, @Nullable String nameError, boolean saved, Instant since, List<Wallet> wallets,
            List<LineRow> lines) {
    }

    record Wallet(String address, String addressShort, Instant added) {
    }

    record LineRow(String label, Amount left, Amount deposited, Amount used) {
    }

    private final SignedIn signedIn;
    private final Accounts accounts;
    private final Lines lines;
    private final LineBalances balances;

    AccountPages(SignedIn signedIn, Accounts accounts, Lines lines, LineBalances balances) {
        this.signedIn = signedIn;
        this.accounts = accounts;
        this.lines = lines;
        this.balances = balances;
    }

    @GET
    public TemplateInstance show(@QueryParam("saved") @DefaultValue("false") boolean saved) {
        AccountId id = signedIn.account();
        return Templates.account(page(id, accounts.handleOf(id), null, saved));
    }

    @POST
    public Response rename(@FormParam("name") @DefaultValue("") String name) {
        AccountId id = signedIn.account();
        try {
            accounts.rename(id, name.strip());
        } catch (HandleRefused refused) {
            return Response.status(refused.status()).entity(Templates.account(page(id, name, refused.detail(), false))).build();
        }
        return Response.seeOther(URI.create("/account?saved=true")).build();
    }

    private AccountPage page(AccountId id, String name, @Nullable String error, boolean saved) {
        Account account = accounts.get(id);
        Map<LineId, LineBalances.Balance> known = balances.balances(id);
        List<LineRow> rows = lines.labelsOf(id).entrySet().stream().map(line -> {
            LineBalances.Balance balance = known.getOrDefault(line.getKey(), LineBalances.Balance.NOTHING);
            return new LineRow(line.getValue(), balance.left(), balance.deposited(), balance.used());
        }).toList();
        return new AccountPage(name, error, saved, account.createdAt,
                accounts.linked(id).stream().map(wallet -> new Wallet(wallet.address, Shortened.of(wallet.address),
                        wallet.addedAt)).toList(),
                rows);
    }
}
