package farthing.identity;

import java.util.Optional;

import jakarta.enterprise.context.RequestScoped;

import farthing.web.Visit;

/** The account behind the browser of the current request. */
@RequestScoped
public class SignedIn {

    private final Visit visit;
    private final Roles roles;

    SignedIn(Visit visit, Roles roles) {
        this.visit = visit;
        this.roles = roles;
    }

    /** @throws farthing.web.SignInFirst when nobody is signed in; a browser is then led to /sign-in and back */
    public AccountId account() {
        return AccountId.of(visit.signedIn());
    }

    /**
     * @throws farthing.web.SignInFirst when nobody is signed in
     * @throws TokenRefused.WrongRole for an account without the role
     */
    public AccountId require(Role role) {
        AccountId account = account();
        if (!roles.has(account, role)) {
            throw new TokenRefused.WrongRole(role);
        }
        return account;
    }

    public Optional<AccountId> ifAny() {
        return visit.viewer().map(AccountId::of);
    }
}
