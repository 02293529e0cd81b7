package farthing.identity;

import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;

import org.jspecify.annotations.Nullable;

import io.quarkus.hibernate.orm.panache.PanacheEntityBase;

@Entity
@Table(name = "personal_token")
class PersonalToken extends PanacheEntityBase {

    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    long id;
    long account;
    String name;
    String prefix;
    byte[] secretHash;
    List<String> scopes;
    Instant createdAt;
    @Nullable
    Instant expiresAt;
    @Nullable
    Instant revokedAt;
    @Nullable
    Instant lastUsedAt;

    protected PersonalToken() {
    }

    static Optional<PersonalToken> ofSecret(byte[] hash) {
        return find("secretHash", (Object) hash).firstResultOptional();
    }

    static List<PersonalToken> ofAccount(AccountId account) {
        return list("account = ?1 order by id desc", account.value());
    }

    Set<Scope> scopes() {
        Set<Scope> set = EnumSet.noneOf(Scope.class);
        scopes.forEach(scope -> set.add(Scope.valueOf(scope)));
        return set;
    }

    boolean ended(Instant now) {
        return revokedAt != null || expiresAt != null && !now.isBefore(expiresAt);
    }
}
