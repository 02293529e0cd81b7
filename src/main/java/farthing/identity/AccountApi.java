package farthing.identity;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

import farthing.chain.Address;
import io.smallrye.common.annotation.Blocking;

/** The account behind a token; and, for operators, the accounts of others. */
@Path("/api")
@Produces(MediaType.APPLICATION_JSON)
@Blocking
@Tag(name = "Account")
class AccountApi {

    /** @param paidAt null without a wallet */
    record AccountView(String handle, List<String> roles, @Nullable String paidAt, List<String> wallets, List<String> scopes) {
    }

    record Deactivation(@Nullable String why) {
    }

    private final Access access;
    private final Accounts accounts;
    private final Roles roles;

    AccountApi(Access access, Accounts accounts, Roles roles) {
        this.access = access;
        this.accounts = accounts;
        this.roles = roles;
    }

    @GET
    @Path("account")
    @Operation(summary = "Whose token it is", description = "Handle, roles, wallets (where the account is paid comes first) and what"
            + " the token may do. Scope: read.")
    public AccountView account() {
        AccountId account = access.require(Scope.READ);
        List<String> wallets = accounts.walletsOf(account).stream().map(Address::text).toList();
        return new AccountView(accounts.handleOf(account), roles.of(account).stream().map(AccountApi::word).toList(),
                wallets.stream().findFirst().orElse(null), wallets,
                access.scopes().stream().sorted().map(AccountApi::word).toList());
    }

    @POST
    @Path("accounts/{handle}/deactivate")
    @Operation(summary = "Deactivates an account", description = "Its sessions end, its keys and tokens are refused, its models are"
            + " uncallable; its money stays withdrawable on chain. For operators. Scope: manage.")
    @Consumes({ MediaType.APPLICATION_JSON, MediaType.WILDCARD })
    public void deactivate(@PathParam("handle") String handle, @Nullable Deactivation deactivation) {
        requireOperator();
        String why = Optional.ofNullable(deactivation).map(Deactivation::why).map(String::strip).orElse("");
        if (why.isEmpty() || why.length() > DeactivationRefused.LONGEST_REASON) {
            throw new DeactivationRefused();
        }
        accounts.deactivate(named(handle), why);
    }

    @POST
    @Path("accounts/{handle}/reactivate")
    @Operation(summary = "Reactivates an account", description = "For operators. Scope: manage.")
    @Consumes(MediaType.WILDCARD)
    public void reactivate(@PathParam("handle") String handle) {
        requireOperator();
        accounts.reactivate(named(handle));
    }

    @PUT
    @Path("accounts/{handle}/roles/{role}")
    @Operation(summary = "Grants a role", description = "developer, curator or operator. For operators. Scope: manage.")
    @Consumes(MediaType.WILDCARD)
    public void grant(@PathParam("handle") String handle, @PathParam("role") String role) {
        requireOperator();
        roles.grant(named(handle), roleNamed(role));
    }

    @DELETE
    @Path("accounts/{handle}/roles/{role}")
    @Operation(summary = "Revokes a role", description = "The last operator stays one. For operators. Scope: manage.")
    public void revoke(@PathParam("handle") String handle, @PathParam("role") String role) {
        requireOperator();
        roles.revoke(named(handle), roleNamed(role));
    }

    private void requireOperator() {
        access.require(Scope.MANAGE);
        access.require(Role.OPERATOR);
    }

    private AccountId named(String handle) {
        return accounts.byHandle(handle).orElseThrow(() -> NoSuchAccount.named(handle));
    }

    private static Role roleNamed(String text) {
        for (Role role : Role.values()) {
            if (word(role).equals(text)) {
                return role;
            }
        }
        throw NoSuchAccount.role(text);
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
