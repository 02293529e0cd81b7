package farthing.identity;

import java.time.Clock;
import java.util.Optional;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Instance;
import jakarta.persistence.LockModeType;
import jakarta.persistence.PersistenceException;
import jakarta.transaction.Transactional;

import farthing.chain.Address;

/** Which wallets belong to an account, and at which one it is paid. A wallet belongs to one account at most. */
@ApplicationScoped
class Wallets {

    private final Clock clock;
    private final Operators operators;
    private final Demo demo;
    private final Instance<WalletKeeper> keepers;

    Wallets(Clock clock, Operators operators, Demo demo, Instance<WalletKeeper> keepers) {
        this.clock = clock;
        this.operators = operators;
        this.demo = demo;
        this.keepers = keepers;
    }

    /**
     * The first one is also where the account is paid.
     *
     * @param wallet that has just proved to be the asking person's
     * @throws WalletRefused when it belongs to an account already
     */
    @Transactional
    public void link(AccountId id, Address wallet) {
        Account account = locked(id);
        Account.ofWallet(wallet).ifPresent(owner -> {
            throw owner.accountId().equals(id) ? WalletRefused.linkedHere(wallet.text())
                    : WalletRefused.linkedElsewhere(wallet.text());
        });
        try {
            new AccountWallet(wallet, id, clock.instant()).persistAndFlush();
        } catch (PersistenceException linkedMeanwhile) {
            throw WalletRefused.linkedElsewhere(wallet.text());
        }
        if (account.wallet == null) {
            account.wallet = wallet.text();
        }
        operators.added(id, wallet);
    }

    /** Versions published from now on pay this wallet. @throws WalletRefused unless it is linked to the account */
    @Transactional
    public void payAt(AccountId id, Address wallet) {
        Account account = locked(id);
        linked(id, wallet);
        account.wallet = wallet.text();
    }

    /** Why the wallet cannot be unlinked; empty when it can. @throws WalletRefused unless it is linked to the account */
    @Transactional
    public Optional<String> reasonToKeep(AccountId id, Address wallet) {
        return reasonToKeep(Account.get(id), linked(id, wallet));
    }

    /** @throws WalletRefused unless it is linked to the account and may go */
    @Transactional
    public void unlink(AccountId id, Address wallet) {
        Account account = locked(id);
        AccountWallet linked = linked(id, wallet);
        // No line is taken in for it while we look.
        AccountWallet.getEntityManager().lock(linked, LockModeType.PESSIMISTIC_WRITE);
        reasonToKeep(account, linked).ifPresent(why -> {
            throw WalletRefused.kept(why);
        });
        linked.delete();
    }

    private Optional<String> reasonToKeep(Account account, AccountWallet linked) {
        if (linked.address.equals(account.wallet)) {
            return Optional
                    .of("You are paid at this wallet. Link another one and choose to be paid there, then unlink this one.");
        }
        if (demo.keyOf(account.accountId()).filter(key -> key.address().equals(linked.wallet())).isPresent()) {
            return Optional.of("This is the wallet with which everybody signs in as this demo person; it stays.");
        }
        return keepers.stream().flatMap(keeper -> keeper.reasonToKeep(linked.wallet()).stream()).findFirst();
    }

    /** What two pages do to the wallets of one account comes one after the other. */
    private static Account locked(AccountId id) {
        return Account.findById(id.value(), LockModeType.PESSIMISTIC_WRITE);
    }

    private static AccountWallet linked(AccountId id, Address wallet) {
        return AccountWallet.<AccountWallet> findByIdOptional(wallet.text()).filter(each -> each.account == id.value())
                .orElseThrow(WalletRefused::notYours);
    }
}
