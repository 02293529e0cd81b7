package farthing.identity;

import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;

import org.jspecify.annotations.Nullable;

import farthing.ledger.LineId;
import farthing.money.Amount;
import farthing.web.Site;
import io.agroal.api.AgroalDataSource;
import io.quarkus.narayana.jta.QuarkusTransaction;

/** The keys with which programs make calls. */
@ApplicationScoped
public class ApiKeys {

    /** "Last used" need not be exact, and a write per call would be felt. */
    private static final Duration LAST_USED_PRECISION = Duration.ofMinutes(1);

    private final Clock clock;
    private final AgroalDataSource database;
    private final String keysPage;
    private final SecureRandom random = new SecureRandom();

    ApiKeys(Clock clock, AgroalDataSource database, Site site) {
        this.clock = clock;
        this.database = database;
        this.keysPage = site.publicUrl() + "/keys";
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
        ApiKey.update("revokedAt = ?1 where account = ?2 and playground and revokedAt is null", clock.instant(),
                account.value());
        return create(account, line, name, limits, expiresAt, true);
    }

    private NewApiKey create(AccountId account, LineId line, String name, KeyLimits limits, @Nullable Instant expiresAt,
            boolean playground) {
        if (Line.ofAccount(account).stream().noneMatch(own -> own.lineId().equals(line))) {
            throw new IllegalArgumentException(line + " is not a line of " + account);
        }
        String secret = SecretForm.KEY.fresh(random);
        ApiKey key = new ApiKey();
        key.account = account.value();
        key.line = line.value();
        key.name = name;
        key.prefix = SecretForm.KEY.prefix(secret);
        key.secretHash = SecretForm.hash(secret);
        key.totalNanos = nanos(limits.total());
        key.perDayNanos = nanos(limits.perDay());
        key.createdAt = clock.instant();
        key.expiresAt = expiresAt;
        key.playground = playground;
        key.persistAndFlush();
        return new NewApiKey(key.keyId(), secret);
    }

    /**
     * Whose key the header carries. One indexed query; may be called on any thread that may block, in or outside a request.
     *
     * @param authorizationHeader the whole value, {@code Bearer fk_…}
     * @throws ApiKeyRefused naming what is wrong with it
     * @throws DeactivatedAccount when its account takes part in nothing
     */
    public Caller authenticate(@Nullable String authorizationHeader) {
        String secret = secret(authorizationHeader);
        if (!SecretForm.KEY.looksLikeOne(secret)) {
            throw ApiKeyRefused.WrongApiKey.form(keysPage);
        }
        if (!SecretForm.KEY.checks(secret)) {
            throw ApiKeyRefused.WrongApiKey.mistyped();
        }
        Instant now = clock.instant();
        Stored key = stored(SecretForm.hash(secret));
        if (key.revokedAt != null) {
            throw new ApiKeyRefused.RevokedApiKey(SecretForm.KEY.prefix(secret), key.revokedAt, keysPage);
        }
        if (key.expiresAt != null && !now.isBefore(key.expiresAt)) {
            throw new ApiKeyRefused.ExpiredApiKey(SecretForm.KEY.prefix(secret), key.expiresAt, keysPage);
        }
        if (key.lastUsedAt == null || key.lastUsedAt.plus(LAST_USED_PRECISION).isBefore(now)) {
            QuarkusTransaction.requiringNew().run(() -> ApiKey.update("lastUsedAt = ?1 where id = ?2", now, key.id.value()));
        }
        return new Caller(key.id, key.account, key.line, key.limits, ReplayKey.of(secret));
    }

    /** From the next call on the key is refused; what it has begun is finished. */
    @Transactional
    public void revoke(AccountId account, ApiKeyId id) {
        get(account, id).revoke(clock.instant());
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

    private record Stored(ApiKeyId id, AccountId account, LineId line, KeyLimits limits, @Nullable Instant expiresAt,
            @Nullable Instant revokedAt, @Nullable Instant lastUsedAt) {
    }

    private Stored stored(byte[] hash) {
        try (Connection connection = database.getConnection();
                PreparedStatement query = connection.prepareStatement(
                        "select k.id, account, line, total_nanos, per_day_nanos, expires_at, revoked_at, last_used_at,"
                                + " deactivated_at, deactivated_because from api_key k join account a on a.id = k.account"
                                + " where secret_hash = ?")) {
            query.setBytes(1, hash);
            try (ResultSet row = query.executeQuery()) {
                if (!row.next()) {
                    throw ApiKeyRefused.WrongApiKey.unknown(keysPage);
                }
                Instant deactivatedAt = instant(row, 9);
                if (deactivatedAt != null) {
                    throw new DeactivatedAccount(deactivatedAt, row.getString(10));
                }
                return new Stored(new ApiKeyId(row.getLong(1)), new AccountId(row.getLong(2)), new LineId(row.getInt(3)),
                        ApiKey.limits((Long) row.getObject(4), (Long) row.getObject(5)), instant(row, 6), instant(row, 7),
                        instant(row, 8));
            }
        } catch (SQLException e) {
            throw new IllegalStateException("cannot look up an API key", e);
        }
    }

    private String secret(@Nullable String authorizationHeader) {
        String header = authorizationHeader == null ? "" : authorizationHeader.strip();
        int space = header.indexOf(' ');
        if (space < 0 || !header.substring(0, space).equalsIgnoreCase("Bearer")) {
            throw new ApiKeyRefused.MissingApiKey(keysPage);
        }
        return header.substring(space + 1).strip();
    }

    private static @Nullable Instant instant(ResultSet row, int column) throws SQLException {
        OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
        return time == null ? null : time.toInstant();
    }

    private static @Nullable Long nanos(@Nullable Amount amount) {
        return amount == null ? null : amount.nanos();
    }
}
