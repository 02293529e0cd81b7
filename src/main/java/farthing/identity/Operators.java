package farthing.identity;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.transaction.Transactional;

import org.eclipse.microprofile.config.inject.ConfigProperty;

import farthing.chain.Address;
import farthing.chain.MalformedAddress;
import io.quarkus.runtime.StartupEvent;

/** Whose wallets run the site, as its configuration says. */
@ApplicationScoped
class Operators {

    private final Set<Address> wallets;
    private final Roles roles;

    Operators(@ConfigProperty(name = "farthing.operators") Optional<List<String>> wallets, Roles roles) {
        try {
            this.wallets = wallets.orElse(List.of()).stream().map(String::strip).filter(text -> !text.isEmpty())
                    .map(Address::new).collect(Collectors.toUnmodifiableSet());
        } catch (MalformedAddress e) {
            throw new IllegalStateException(
                    "FARTHING_OPERATORS names wallets by their addresses, with commas between them: " + e.getMessage());
        }
        this.roles = roles;
    }

    /** Those who have no account yet follow when they first sign in. */
    @Transactional
    void start(@Observes StartupEvent event) {
        wallets.forEach(wallet -> Account.ofWallet(wallet).ifPresent(account -> added(account.accountId(), wallet)));
    }

    /** The account's owner has just proved to have the wallet, or the wallet is a new account's. */
    void added(AccountId account, Address wallet) {
        if (wallets.contains(wallet)) {
            roles.grant(account, Role.OPERATOR);
        }
    }
}
