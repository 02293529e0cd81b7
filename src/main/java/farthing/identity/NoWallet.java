package farthing.identity;

import java.util.Optional;

import farthing.web.NextStep;
import farthing.web.Problem;

/** What was asked for takes a wallet, and the account has none. */
public final class NoWallet extends Problem {

    NoWallet() {
        super(409, "no_wallet",
                "Your account has no wallet yet, so nobody can be paid and nothing can be deposited. Link one at"
                        + " /account, then try again.");
    }

    @Override
    public Optional<NextStep> nextStep() {
        return Optional.of(new NextStep("Link a wallet", "/account#wallets"));
    }
}
