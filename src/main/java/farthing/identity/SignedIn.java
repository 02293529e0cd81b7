package farthing.identity;

import java.util.Optional;

import jakarta.enterprise.context.RequestScoped;

import farthing.web.Visit;

/** The account behind the browser of the current request. */
@RequestScoped
public class SignedIn {

    private final Visit visit;

    SignedIn(Visit visit) {
        this.visit = visit;
    }

    /** @throws farthing.web.SignInFirst when nobody is signed in; a browser is then led to /sign-in and back */
    public AccountId account() {
        return AccountId.of(visit.signedIn());
    }

    public Optional<AccountId> ifAny() {
        return visit.viewer().map(AccountId::of);
    }
}
