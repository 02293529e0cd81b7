package farthing.identity;

import java.time.Clock;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Event;
import jakarta.enterprise.inject.Instance;
import jakarta.persistence.PersistenceException;
import jakarta.transaction.Transactional;

import farthing.chain.Address;
import farthing.web.Sessions;
import farthing.web.Viewer;
import farthing.web.Viewers;
import io.quarkus.narayana.jta.QuarkusTransaction;

/** Accounts: who is here, with which wallets, and whether they take part. */
@ApplicationScoped
public class Accounts implements Viewers {

    private final Clock clock;
    private final Instance<HandleKeeper> keepers;
    private final Operators operators;
    private final Roles roles;
    private final Sessions sessions;
    private final Event<AccountDeactivated> deactivated;
    private final Event<AccountReactivated> reactivated;

    Accounts(Clock clock, Instance<HandleKeeper> keepers, Operators operators, Roles roles, Sessions sessions,
            Event<AccountDeactivated> deactivated, Event<AccountReactivated> reactivated) {
        this.clock = clock;
        this.keepers = keepers;
        this.operators = operators;
        this.roles = roles;
        this.sessions = sessions;
        this.deactivated = deactivated;
        this.reactivated = reactivated;
    }

    /** Empty for a deactivated account, too: nobody is signed in to it. */
    @Override
    @Transactional
    public Optional<Viewer> find(long account) {
        return Account.<Account> findByIdOptional(account).filter(found -> found.deactivatedAt == null)
                .map(found -> found.viewer(roles.has(found.accountId(), Role.OPERATOR)));
    }

    @Transactional
    public String handleOf(AccountId account) {
        return Account.get(account).handle;
    }

    /** Where the account is paid. @throws NoWallet for one that came by organisation login alone */
    @Transactional
    public Address walletOf(AccountId account) {
        String wallet = Account.get(account).wallet;
        if (wallet == null) {
            throw new NoWallet();
        }
        return new Address(wallet);
    }

    /** Where the account is paid comes first; the others as they were linked. Empty for one without a wallet. */
    @Transactional
    public List<Address> walletsOf(AccountId account) {
        return AccountWallet.of(Account.get(account)).stream().map(AccountWallet::wallet).toList();
    }

    /** Those of these wallets that are linked to an account, and to which. */
    @Transactional
    public Map<Address, AccountId> ownersOf(Collection<Address> wallets) {
        return AccountWallet.<AccountWallet> list("address in ?1", wallets.stream().map(Address::text).toList()).stream()
                .collect(Collectors.toMap(AccountWallet::wallet, wallet -> new AccountId(wallet.account)));
    }

    /**
     * One of the account's wallets, as a form names it.
     *
     * @throws WalletRefused unless it is linked to the account
     */
    public Address ownWallet(AccountId account, String address) {
        return walletsOf(account).stream().filter(wallet -> wallet.text().equalsIgnoreCase(address.strip())).findFirst()
                .orElseThrow(WalletRefused::notYours);
    }

    @Transactional
    List<AccountWallet> linked(AccountId account) {
        return AccountWallet.of(Account.get(account));
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

    /**
     * An account without a wallet, for somebody who came by another way.
     *
     * @param wanted its handle; one made from it where the rules or somebody else forbid it
     */
    @Transactional
    public AccountId create(String wanted) {
        Account account = new Account();
        account.handle = Handles.near(wanted, name -> Account.ofHandle(name).isPresent());
        account.createdAt = clock.instant();
        account.persistAndFlush();
        return account.accountId();
    }

    /** @throws DeactivatedAccount saying why */
    @Transactional
    public void requireActive(AccountId id) {
        Account.get(id).requireActive();
    }

    /**
     * Its sessions end, and neither a sign-in, nor a key or token of it is accepted any more; calls under way are finished. Its
     * money stays where it is, and anybody may have it withdrawn to it. Doing it again changes nothing.
     *
     * @param why a sentence that its owner is told
     * @throws LastOperator when nobody would be left to undo it
     */
    @Transactional
    public void deactivate(AccountId id, String why) {
        Account account = Account.get(id);
        if (account.deactivatedAt != null) {
            return;
        }
        roles.requireAnotherOperator(id);
        account.deactivatedAt = clock.instant();
        account.deactivatedBecause = why;
        account.persistAndFlush();
        sessions.endAll(id.value());
        deactivated.fire(new AccountDeactivated(id));
    }

    /** Why it was deactivated; empty while it is active. */
    @Transactional
    public Optional<String> deactivatedBecause(AccountId id) {
        Account account = Account.get(id);
        return account.deactivatedAt == null ? Optional.empty() : Optional.of(String.valueOf(account.deactivatedBecause));
    }

    /** Its keys and tokens are good again; its owner signs in anew. Doing it again changes nothing. */
    @Transactional
    public void reactivate(AccountId id) {
        Account account = Account.get(id);
        if (account.deactivatedAt == null) {
            return;
        }
        account.deactivatedAt = null;
        account.deactivatedBecause = null;
        account.persistAndFlush();
        reactivated.fire(new AccountReactivated(id));
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
            operators.added(account.accountId(), wallet);
            return account.accountId();
        });
    }
}
