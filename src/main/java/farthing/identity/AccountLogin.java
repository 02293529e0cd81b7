package farthing.identity;

import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.IdClass;
import jakarta.persistence.Table;

import io.quarkus.hibernate.orm.panache.PanacheEntityBase;

/** A login of an organisation that signs in to an account. */
@Entity
@Table(name = "account_login")
@IdClass(AccountLogin.Key.class)
class AccountLogin extends PanacheEntityBase {

    record Key(String issuer, String subject) {
    }

    @Id
    String issuer;
    @Id
    String subject;
    long account;
    String name;
    Instant addedAt;
    List<String> roles;
    boolean knownDeveloper;
    boolean knownDeactivated;

    protected AccountLogin() {
    }

    AccountLogin(Member member, AccountId account, Instant addedAt) {
        this.issuer = member.issuer();
        this.subject = member.subject();
        this.account = account.value();
        this.name = member.name();
        this.addedAt = addedAt;
        this.roles = List.of();
    }

    static Optional<AccountLogin> of(Member member) {
        return findByIdOptional(new Key(member.issuer(), member.subject()));
    }

    static List<AccountLogin> ofAccount(AccountId account) {
        return list("account = ?1 order by addedAt", account.value());
    }

    boolean is(String issuer, String subject) {
        return this.issuer.equals(issuer) && this.subject.equals(subject);
    }

    AccountId accountId() {
        return new AccountId(account);
    }

    /** Those that the organisation gave the account. */
    Set<Role> roles() {
        Set<Role> set = EnumSet.noneOf(Role.class);
        roles.forEach(role -> set.add(Role.valueOf(role)));
        return set;
    }

    void roles(Set<Role> given) {
        List<String> names = given.stream().sorted().map(Role::name).toList();
        if (!roles.equals(names)) {
            roles = names;
        }
    }
}
