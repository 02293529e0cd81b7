package farthing.identity;

import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Event;
import jakarta.enterprise.event.Observes;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;

import org.jspecify.annotations.Nullable;

import farthing.ledger.LineId;
import farthing.web.Site;

/** The keys with which programs make calls. */
@ApplicationScoped
public class ApiKeys {

    /** How long the old secret of a rotated key lives on unless its owner says otherwise. */
    static final Duration USUALLY_KEPT = Duration.ofHours(24);
    static final Duration LONGEST_KEPT = Duration.ofDays(7);

    private final KeyCache cache;
    private final Event<KeysChanged> changed;
    private final String keysPage;
    private final Clock clock;
    private final SecureRandom random = new SecureRandom();

    ApiKeys(KeyCache cache, Event<KeysChanged> changed, Site site, Clock clock) {
        this.cache = cache;
        this.changed = changed;
        this.keysPage = site.publicUrl() + "/keys";
        this.clock = clock;
    }

    /**
     * @param name for its owner, to tell it from others
     * @param line one of the account's lines
     * @param expiresAt null: never
     * @throws IllegalArgumentException for a line of somebody else
     */
    @Transactional
    public NewApiKey create(AccountId account, LineId line, String name, KeyLimits limits, @Nullable Instant expiresAt) {
        return create(account, line, name, limits, expiresAt, false);
    }

    /** Ends the one made before. */
    @Transactional
    NewApiKey createForPlayground(AccountId account, LineId line, String name, KeyLimits limits, Instant expiresAt) {
        // One after the other, so that of two that are asked for at once one ends, too.
        Account.findById(account.value(), LockModeType.PESSIMISTIC_WRITE);
        List<ApiKey> before = ApiKey.list("account = ?1 and playground and revokedAt is null", account.value());
        before.forEach(key -> key.revoke(clock.instant()));
        changed(before);
        return create(account, line, name, limits, expiresAt, true);
    }

    private NewApiKey create(AccountId account, LineId line, String name, KeyLimits limits, @Nullable Instant expiresAt,
            boolean playground) {
        if (Line.ofAccount(account).stream().noneMatch(own -> own.lineId().equals(line))) {
            throw new IllegalArgumentException(line + " is not a line of " + account);
        }
        ApiKey key = new ApiKey();
        key.account = account.value();
        key.line = line.value();
        key.name = name;
        key.limit(limits);
        key.createdAt = clock.instant();
        key.expiresAt = expiresAt;
        key.playground = playground;
        key.persistAndFlush();
        return freshSecret(key);
    }

    /**
     * Whose key the header carries, from memory where possible: a change reaches every server within two seconds. May be called
     * on any thread that may block, in or outside a request.
     *
     * @param authorizationHeader the whole value, {@code Bearer fk_…}
     * @throws ApiKeyRefused naming what is wrong with it
     * @throws DeactivatedAccount when its account takes part in nothing
     * @throws KeysUnavailable when neither memory nor the database can tell
     */
    public Caller authenticate(@Nullable String authorizationHeader) {
        String secret = secret(authorizationHeader);
        Fingerprint fingerprint = Fingerprint.of(secret);
        KeyCache.Known key = cache.remembered(fingerprint);
        if (key == null) {
            key = read(secret, fingerprint);
        }
        Instant now = clock.instant();
        if (key.deactivatedAt != null) {
            throw new DeactivatedAccount(key.deactivatedAt, String.valueOf(key.deactivatedBecause));
        }
        if (key.revokedAt != null) {
            throw new ApiKeyRefused.RevokedApiKey(SecretForm.KEY.prefix(secret), key.revokedAt, keysPage);
        }
        if (key.expiresAt != null && !now.isBefore(key.expiresAt)) {
            throw new ApiKeyRefused.ExpiredApiKey(SecretForm.KEY.prefix(secret), key.expiresAt, keysPage);
        }
        if (key.replacedAt != null && !now.isBefore(key.replacedAt)) {
            throw new ApiKeyRefused.ReplacedSecret(SecretForm.KEY.prefix(secret), key.replacedAt, keysPage);
        }
        cache.used(key, now);
        return new Caller(key.id, key.account, key.line, key.limits, ReplayKey.of(secret));
    }

    private KeyCache.Known read(String secret, Fingerprint fingerprint) {
        if (!SecretForm.KEY.looksLikeOne(secret)) {
            throw ApiKeyRefused.WrongApiKey.form(keysPage);
        }
        if (!SecretForm.KEY.checks(secret)) {
            throw ApiKeyRefused.WrongApiKey.mistyped();
        }
        KeyCache.Known key = cache.read(fingerprint);
        if (key == null) {
            throw ApiKeyRefused.WrongApiKey.unknown(keysPage);
        }
        return key;
    }

    /** From the next call on the key is refused, on other servers within two seconds; what it has begun is finished. */
    @Transactional
    public void revoke(AccountId account, ApiKeyId id) {
        ApiKey key = locked(account, id);
        key.revoke(clock.instant());
        changed(List.of(key));
    }

    /**
     * What is new holds from the next call on, on other servers within two seconds.
     *
     * @param expiresAt null: never
     * @throws KeyRefused for a revoked key, which stays as it was
     */
    @Transactional
    void change(AccountId account, ApiKeyId id, String name, KeyLimits limits, @Nullable Instant expiresAt) {
        // Locked: else the row written whole would undo a revocation that came between.
        ApiKey key = locked(account, id);
        if (key.revokedAt != null) {
            throw KeyRefused.ended("revoked");
        }
        key.name = name;
        key.limit(limits);
        key.expiresAt = expiresAt;
        changed(List.of(key));
    }

    /**
     * A new secret for the same key: limits, spending and history stay.
     *
     * @param keep how long the secret used so far lives on, at most {@link #LONGEST_KEPT}
     * @throws KeyRefused when two live already, or the key has ended
     */
    @Transactional
    NewApiKey rotate(AccountId account, ApiKeyId id, Duration keep) {
        if (keep.isNegative() || keep.compareTo(LONGEST_KEPT) > 0) {
            throw KeyRefused.invalid("keep_hours", "The old secret may live on for 0 to " + LONGEST_KEPT.toHours()
                    + " hours.");
        }
        Instant now = clock.instant();
        ApiKey key = locked(account, id);
        if (!key.isActive(now)) {
            throw KeyRefused.ended(key.state(now));
        }
        List<ApiKeySecret> alive = alive(key, now);
        alive.stream().filter(secret -> secret.endsAt != null).findFirst().ifPresent(older -> {
            throw KeyRefused.twoAlive(older.prefix);
        });
        alive.forEach(secret -> secret.endAt(now.plus(keep)));
        changed(List.of(key));
        return freshSecret(key);
    }

    /** Of two living secrets the older one ends now. @throws KeyRefused when only one lives */
    @Transactional
    void endOlder(AccountId account, ApiKeyId id) {
        Instant now = clock.instant();
        ApiKey key = locked(account, id);
        List<ApiKeySecret> ending = alive(key, now).stream().filter(secret -> secret.endsAt != null).toList();
        if (ending.isEmpty()) {
            throw KeyRefused.noOther();
        }
        ending.forEach(secret -> secret.endAt(now));
        changed(List.of(key));
    }

    /** The names that the account gave its keys, newest first; revoked ones included. */
    @Transactional
    public Map<ApiKeyId, String> namesOf(AccountId account) {
        Map<ApiKeyId, String> names = new LinkedHashMap<>();
        ApiKey.ofAccount(account).forEach(key -> names.put(key.keyId(), key.name));
        return names;
    }

    /** A key with limits of its own. */
    public record Limited(ApiKeyId id, String name, KeyLimits limits) {
    }

    /** The account's own active keys whose money is limited, newest first. */
    @Transactional
    public List<Limited> limited(AccountId account) {
        Instant now = clock.instant();
        return ApiKey.ofAccount(account).stream().filter(key -> !key.playground && key.state(now).equals("active"))
                .map(key -> new Limited(key.keyId(), key.name, key.limits()))
                .filter(key -> key.limits().total() != null || key.limits().perDay() != null).toList();
    }

    @Transactional
    List<ApiKey> of(AccountId account) {
        return ApiKey.ofAccount(account);
    }

    @Transactional
    ApiKey get(AccountId account, ApiKeyId id) {
        return ApiKey.ofAccount(account, id).orElseThrow(NoSuchKey::new);
    }

    /** Of each key, newest first: those that live, or the last one where none does. */
    @Transactional
    Map<ApiKeyId, List<ApiKeySecret>> secretsOf(Collection<ApiKey> keys) {
        Instant now = clock.instant();
        return ApiKeySecret.of(keys.stream().map(key -> key.id).toList()).stream()
                .collect(Collectors.groupingBy(secret -> new ApiKeyId(secret.apiKey), Collectors.collectingAndThen(
                        Collectors.toList(), all -> {
                            List<ApiKeySecret> alive = all.stream().filter(secret -> secret.isAlive(now)).toList();
                            return alive.isEmpty() ? all.subList(0, 1) : alive;
                        })));
    }

    void deactivated(@Observes AccountDeactivated event) {
        changed(ApiKey.ofAccount(event.account()));
    }

    void reactivated(@Observes AccountReactivated event) {
        changed(ApiKey.ofAccount(event.account()));
    }

    private ApiKey locked(AccountId account, ApiKeyId id) {
        ApiKey key = get(account, id);
        // One after the other: never more than two secrets live, and no change undoes another.
        ApiKey.getEntityManager().refresh(key, LockModeType.PESSIMISTIC_WRITE);
        return key;
    }

    private static List<ApiKeySecret> alive(ApiKey key, Instant now) {
        return ApiKeySecret.of(List.of(key.id)).stream().filter(secret -> secret.isAlive(now)).toList();
    }

    private NewApiKey freshSecret(ApiKey key) {
        String secret = SecretForm.KEY.fresh(random);
        new ApiKeySecret(key.keyId(), secret, clock.instant()).persistAndFlush();
        return new NewApiKey(key.keyId(), secret);
    }

    private void changed(List<ApiKey> keys) {
        keys.forEach(key -> new KeyChange(key.keyId()).persist());
        changed.fire(new KeysChanged(keys.stream().map(ApiKey::keyId).collect(Collectors.toUnmodifiableSet())));
    }

    private String secret(@Nullable String authorizationHeader) {
        String header = authorizationHeader == null ? "" : authorizationHeader.strip();
        int space = header.indexOf(' ');
        if (space < 0 || !header.substring(0, space).equalsIgnoreCase("Bearer")) {
            throw new ApiKeyRefused.MissingApiKey(keysPage);
        }
        return header.substring(space + 1).strip();
    }
}
