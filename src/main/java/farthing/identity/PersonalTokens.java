package farthing.identity;

import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;

import org.jspecify.annotations.Nullable;

/** The secrets with which programs manage an account under {@code /api}; they make no calls and spend no money. */
@ApplicationScoped
public class PersonalTokens {

    /** "Last used" need not be exact. */
    private static final Duration LAST_USED_PRECISION = Duration.ofMinutes(1);

    /** @param secret known to the server only now */
    public record Fresh(long id, String secret) {

        @Override
        public String toString() {
            return "Fresh[" + id + "]";
        }
    }

    record Bearer(AccountId account, Set<Scope> scopes) {
    }

    private final Clock clock;
    private final SecureRandom random = new SecureRandom();

    PersonalTokens(Clock clock) {
        this.clock = clock;
    }

    /** @param expiresAt null: never */
    @Transactional
    public Fresh create(AccountId account, String name, Set<Scope> scopes, @Nullable Instant expiresAt) {
        String secret = SecretForm.TOKEN.fresh(random);
        PersonalToken token = new PersonalToken();
        token.account = account.value();
        token.name = name;
        token.prefix = SecretForm.TOKEN.prefix(secret);
        token.secretHash = SecretForm.hash(secret);
        token.scopes = scopes.stream().sorted().map(Scope::name).toList();
        token.createdAt = clock.instant();
        token.expiresAt = expiresAt;
        token.persistAndFlush();
        return new Fresh(token.id, secret);
    }

    /** From now on the token is refused. */
    @Transactional
    public void revoke(AccountId account, long id) {
        PersonalToken token = get(account, id);
        if (token.revokedAt == null) {
            token.revokedAt = clock.instant();
        }
    }

    @Transactional
    PersonalToken get(AccountId account, long id) {
        return PersonalToken.<PersonalToken> find("account = ?1 and id = ?2", account.value(), id).firstResultOptional()
                .orElseThrow(TokenRefused.NoSuchToken::new);
    }

    @Transactional
    List<PersonalToken> of(AccountId account) {
        return PersonalToken.ofAccount(account);
    }

    /** @throws TokenRefused naming what is wrong with it */
    @Transactional
    Bearer authenticate(String secret) {
        if (!SecretForm.TOKEN.looksLikeOne(secret) || !SecretForm.TOKEN.checks(secret)) {
            throw new TokenRefused.Mistyped();
        }
        PersonalToken token = PersonalToken.ofSecret(SecretForm.hash(secret)).orElseThrow(TokenRefused.Unknown::new);
        Instant now = clock.instant();
        if (token.ended(now)) {
            throw new TokenRefused.Ended(token.prefix);
        }
        if (token.lastUsedAt == null || token.lastUsedAt.plus(LAST_USED_PRECISION).isBefore(now)) {
            token.lastUsedAt = now;
        }
        return new Bearer(new AccountId(token.account), token.scopes());
    }
}
