package farthing.identity;

import java.time.Clock;
import java.util.Optional;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Instance;
import jakarta.persistence.PersistenceException;
import jakarta.transaction.Transactional;

import farthing.chain.Address;
import farthing.web.Viewer;
import farthing.web.Viewers;
import io.quarkus.narayana.jta.QuarkusTransaction;

/** Accounts, one per wallet. */
@ApplicationScoped
public class Accounts implements Viewers {

    private final Clock clock;
    private final Instance<HandleKeeper> keepers;

    Accounts(Clock clock, Instance<HandleKeeper> keepers) {
        this.clock = clock;
        this.keepers = keepers;
    }

    @Override
    @Transactional
    public Optional<Viewer> find(long account) {
        return Account.<Account> findByIdOptional(account).map(Account::viewer);
    }

    @Transactional
    public String handleOf(AccountId account) {
        return Account.get(account).handle;
    }

    @Transactional
    public Address walletOf(AccountId account) {
        return new Address(Account.get(account).wallet);
    }

    @Transactional
    public Optional<AccountId> byHandle(String handle) {
        return Account.ofHandle(handle).map(Account::accountId);
    }

    @Transactional
    Account get(AccountId id) {
        return Account.get(id);
    }

    /** The account of a wallet, made when it first signs in or, if that is earlier, when a line of its own is adopted. */
    public AccountId of(Address wallet) {
        return of(wallet, Optional.empty());
    }

    /** @param handle wanted for a new account, where nobody else has it */
    AccountId of(Address wallet, Optional<String> handle) {
        try {
            return QuarkusTransaction.joiningExisting().call(() -> findOrCreate(wallet, handle));
        } catch (PersistenceException madeMeanwhile) {
            return QuarkusTransaction.requiringNew().call(() -> findOrCreate(wallet, handle));
        }
    }

    /** @throws HandleRefused for one that breaks the rules, is taken, or may not be changed any more */
    @Transactional
    public void rename(AccountId id, String handle) {
        Account account = Account.get(id);
        if (account.handle.equals(handle)) {
            return;
        }
        Handles.fault(handle).ifPresent(fault -> {
            throw new HandleRefused(fault);
        });
        if (Account.ofHandle(handle).isPresent()) {
            throw HandleRefused.taken();
        }
        keepers.stream().flatMap(keeper -> keeper.reasonToKeep(id).stream()).findFirst().ifPresent(reason -> {
            throw new HandleRefused(reason);
        });
        account.handle = handle;
        try {
            account.persistAndFlush();
        } catch (PersistenceException takenMeanwhile) {
            throw HandleRefused.taken();
        }
    }

    private AccountId findOrCreate(Address wallet, Optional<String> wanted) {
        return Account.ofWallet(wallet).map(Account::accountId).orElseGet(() -> {
            Account account = new Account();
            account.wallet = wallet.text();
            account.handle = wanted.filter(name -> Account.ofHandle(name).isEmpty())
                    .orElseGet(() -> Handles.fresh(wallet, name -> Account.ofHandle(name).isPresent()));
            account.createdAt = clock.instant();
            account.persistAndFlush();
            new AccountWallet(wallet, account.accountId(), account.createdAt).persistAndFlush();
            return account.accountId();
        });
    }
}
