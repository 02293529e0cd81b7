package farthing.web;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** The page belongs to somebody, and nobody is signed in. */
public final class SignInFirst extends Problem {

    private final String wanted;

    SignInFirst(String wanted) {
        super(401, "sign_in_first", "Sign in to see this page.");
        this.wanted = wanted;
    }

    String signInPage() {
        return "/sign-in?next=" + URLEncoder.encode(wanted, StandardCharsets.UTF_8);
    }

    @Override
    public Optional<NextStep> nextStep() {
        return Optional.of(new NextStep("Sign in", signInPage()));
    }
}
