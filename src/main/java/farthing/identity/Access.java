package farthing.identity;

import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

import jakarta.enterprise.context.RequestScoped;

import org.jspecify.annotations.Nullable;

import farthing.web.Visit;

/**
 * Who makes the current request under {@code /api}: the bearer of a personal access token or of one that the organisation
 * issued for us, or a page of ours whose script brings the session and, unless it only reads, the page's CSRF token in
 * {@code X-Csrf-Token}. A session may do everything its account may.
 */
@RequestScoped
public class Access {

    private final Visit visit;
    private final PersonalTokens tokens;
    private final Accounts accounts;
    private final Roles roles;
    private final Organisation organisation;
    private final Members members;
    private final Logins logins;
    private PersonalTokens.@Nullable Bearer bearer;

    Access(Visit visit, PersonalTokens tokens, Accounts accounts, Roles roles, Organisation organisation, Members members,
            Logins logins) {
        this.visit = visit;
        this.tokens = tokens;
        this.accounts = accounts;
        this.roles = roles;
        this.organisation = organisation;
        this.members = members;
        this.logins = logins;
    }

    /**
     * @throws TokenRefused.Missing when nobody is signed in
     * @throws TokenRefused when the token is no good, or not for this
     * @throws DeactivatedAccount when its account takes part in nothing
     */
    public AccountId require(Scope scope) {
        PersonalTokens.Bearer found = bearer();
        if (!found.scopes().contains(scope)) {
            throw new TokenRefused.WrongScope(scope);
        }
        return found.account();
    }

    /**
     * Beside a scope, for what only some accounts may do.
     *
     * @throws TokenRefused.WrongRole for an account without the role
     */
    public AccountId require(Role role) {
        AccountId account = bearer().account();
        if (!roles.has(account, role)) {
            throw new TokenRefused.WrongRole(role);
        }
        return account;
    }

    /** What the bearer may do. @throws TokenRefused.Missing when nobody is signed in */
    Set<Scope> scopes() {
        return bearer().scopes();
    }

    /** Empty when nobody is signed in. @throws TokenRefused when a token is there but no good */
    public Optional<AccountId> ifAny() {
        try {
            return Optional.of(require(Scope.READ));
        } catch (TokenRefused.Missing nobody) {
            return Optional.empty();
        }
    }

    private PersonalTokens.Bearer bearer() {
        if (bearer == null) {
            PersonalTokens.Bearer found = visit.bearerToken().map(this::ofToken).orElseGet(this::session);
            accounts.requireActive(found.account());
            bearer = found;
        }
        return bearer;
    }

    private PersonalTokens.Bearer ofToken(String token) {
        if (SecretForm.isMeant(token) || !organisation.offered()) {
            return tokens.authenticate(token);
        }
        Member member = members.ofBearer();
        return new PersonalTokens.Bearer(logins.accountOf(member), member.scopes());
    }

    private PersonalTokens.Bearer session() {
        Set<Scope> all = EnumSet.allOf(Scope.class);
        return visit.viewerOfScript().map(viewer -> new PersonalTokens.Bearer(AccountId.of(viewer), all))
                .orElseThrow(TokenRefused.Missing::new);
    }
}
