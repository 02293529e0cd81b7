package farthing.identity;

import java.sql.Timestamp;
import java.time.Clock;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Event;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;

/** What accounts may do beyond making calls. */
@ApplicationScoped
public class Roles {

    private final EntityManager database;
    private final Event<RoleGranted> granted;
    private final Event<RoleRevoked> revoked;
    private final Clock clock;

    Roles(EntityManager database, Event<RoleGranted> granted, Event<RoleRevoked> revoked, Clock clock) {
        this.database = database;
        this.granted = granted;
        this.revoked = revoked;
        this.clock = clock;
    }

    public boolean has(AccountId account, Role role) {
        return of(account).contains(role);
    }

    @Transactional
    @SuppressWarnings("unchecked")
    public Set<Role> of(AccountId account) {
        List<String> names = database.createNativeQuery("select role from account_role where account = ?1", String.class)
                .setParameter(1, account.value()).getResultList();
        Set<Role> roles = EnumSet.noneOf(Role.class);
        names.forEach(name -> roles.add(Role.valueOf(name)));
        return roles;
    }

    /** Doing it again changes nothing. */
    @Transactional
    public void grant(AccountId account, Role role) {
        int rows = database.createNativeQuery("""
                insert into account_role (account, role, granted_at) values (?1, ?2, ?3)
                on conflict (account, role) do nothing""").setParameter(1, account.value()).setParameter(2, role.name())
                .setParameter(3, Timestamp.from(clock.instant())).executeUpdate();
        if (rows == 1) {
            granted.fire(new RoleGranted(account, role));
        }
    }

    /**
     * Doing it again changes nothing.
     *
     * @throws LastOperator when nobody would be left to run the site
     */
    @Transactional
    public void revoke(AccountId account, Role role) {
        if (role == Role.OPERATOR) {
            requireAnotherOperator(account);
        }
        int rows = database.createNativeQuery("delete from account_role where account = ?1 and role = ?2")
                .setParameter(1, account.value()).setParameter(2, role.name()).executeUpdate();
        if (rows == 1) {
            revoked.fire(new RoleRevoked(account, role));
        }
    }

    /** Of any number of them that end at once, one must stay. @throws LastOperator if the account is the only active one */
    @SuppressWarnings("unchecked")
    void requireAnotherOperator(AccountId account) {
        List<Long> operators = database.createNativeQuery("""
                select a.id from account a join account_role r on r.account = a.id and r.role = 'OPERATOR'
                where a.deactivated_at is null order by a.id for update of a""", Long.class).getResultList();
        if (operators.equals(List.of(account.value()))) {
            throw new LastOperator();
        }
    }
}
