package farthing.identity;

import java.time.Clock;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.LockModeType;
import jakarta.persistence.PersistenceException;
import jakarta.transaction.Transactional;

import org.jboss.logging.Logger;

import io.quarkus.narayana.jta.QuarkusTransaction;

/** Which logins of the organisation sign in to which account, and the roles that came with them. */
@ApplicationScoped
class Logins {

    private static final Logger LOG = Logger.getLogger(Logins.class);

    private final Accounts accounts;
    private final Roles roles;
    private final Clock clock;

    Logins(Accounts accounts, Roles roles, Clock clock) {
        this.accounts = accounts;
        this.roles = roles;
        this.clock = clock;
    }

    /**
     * The account of somebody whom the organisation vouches for, made when they first come; with the roles that the
     * organisation
     * gives them now.
     *
     * @throws DeactivatedAccount when it takes part in nothing
     */
    AccountId accountOf(Member member) {
        AccountId account = findOrCreate(member);
        accounts.requireActive(account);
        takeRoles(account, member);
        return account;
    }

    /** @throws OrganisationRefused when it signs in to another account */
    void link(AccountId account, Member member) {
        AccountId linked;
        try {
            linked = QuarkusTransaction.requiringNew().call(() -> findOrLink(account, member));
        } catch (PersistenceException linkedMeanwhile) {
            linked = QuarkusTransaction.requiringNew().call(() -> findOrLink(account, member));
        }
        if (!linked.equals(account)) {
            throw new OrganisationRefused.LinkedElsewhere(member.name());
        }
        takeRoles(account, member);
    }

    /**
     * The roles that only this login brought go with it.
     *
     * @throws OrganisationRefused when nobody could sign in to the account any more
     */
    void unlink(AccountId account, String issuer, String subject) {
        Set<Role> brought = QuarkusTransaction.requiringNew().call(() -> {
            // Of two that are unlinked at once, one must stay.
            Account.findById(account.value(), LockModeType.PESSIMISTIC_WRITE);
            List<AccountLogin> logins = AccountLogin.ofAccount(account);
            AccountLogin gone = logins.stream().filter(login -> login.is(issuer, subject)).findFirst()
                    .orElseThrow(OrganisationRefused.NoSuchLogin::new);
            if (logins.size() == 1 && accounts.walletsOf(account).isEmpty()) {
                throw new OrganisationRefused.LastWayIn(gone.name);
            }
            gone.delete();
            return gone.roles();
        });
        brought.forEach(role -> revoke(account, role));
    }

    @Transactional
    List<AccountLogin> of(AccountId account) {
        return AccountLogin.ofAccount(account);
    }

    private AccountId findOrCreate(Member member) {
        try {
            return QuarkusTransaction.requiringNew().call(() -> findOrBegin(member));
        } catch (PersistenceException madeMeanwhile) {
            return QuarkusTransaction.requiringNew().call(() -> findOrBegin(member));
        }
    }

    private AccountId findOrBegin(Member member) {
        return AccountLogin.of(member).map(AccountLogin::accountId)
                .orElseGet(() -> findOrLink(accounts.create(member.name()), member));
    }

    private AccountId findOrLink(AccountId account, Member member) {
        return AccountLogin.of(member).map(AccountLogin::accountId).orElseGet(() -> {
            new AccountLogin(member, account, clock.instant()).persistAndFlush();
            return account;
        });
    }

    /** A role that the account had already stays when the organisation no longer gives it. */
    private void takeRoles(AccountId account, Member member) {
        Set<Role> given = EnumSet.copyOf(member.roles());
        given.removeAll(roles.of(account));
        Set<Role> taken = QuarkusTransaction.requiringNew().call(() -> {
            AccountLogin login = AccountLogin.of(member).orElseThrow(OrganisationRefused.NoSuchLogin::new);
            Set<Role> before = login.roles();
            Set<Role> now = EnumSet.copyOf(before);
            now.retainAll(member.roles());
            now.addAll(given);
            login.name = member.name();
            login.roles(now);
            login.knownDeveloper = member.roles().contains(Role.DEVELOPER);
            before.removeAll(now);
            return before;
        });
        given.forEach(role -> roles.grant(account, role));
        taken.forEach(role -> revoke(account, role));
    }

    private void revoke(AccountId account, Role role) {
        boolean fromAnotherLogin = of(account).stream().anyMatch(login -> login.roles().contains(role));
        if (fromAnotherLogin) {
            return;
        }
        try {
            roles.revoke(account, role);
        } catch (LastOperator last) {
            LOG.warnf("%s is no longer an operator in the organisation, but stays one here: there is no other",
                    accounts.handleOf(account));
        }
    }
}
