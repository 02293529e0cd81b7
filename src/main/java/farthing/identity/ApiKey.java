package farthing.identity;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;

import org.jspecify.annotations.Nullable;

import farthing.ledger.LineId;
import farthing.money.Amount;
import io.quarkus.hibernate.orm.panache.PanacheEntityBase;

@Entity
@Table(name = "api_key")
class ApiKey extends PanacheEntityBase {

    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    long id;
    long account;
    int line;
    String name;
    @Nullable
    Long totalNanos;
    @Nullable
    Long perDayNanos;
    @Nullable
    Long maxInputNanos;
    @Nullable
    Long maxOutputNanos;
    @Nullable
    Long maxCallNanos;
    @Nullable
    Long maxItemNanos;
    @Nullable
    List<String> models;
    @Nullable
    Integer requestsPerMinute;
    @Nullable
    Integer tokensPerMinute;
    @Nullable
    Integer streams;
    Instant createdAt;
    @Nullable
    Instant expiresAt;
    @Nullable
    Instant revokedAt;
    @Nullable
    Instant lastUsedAt;
    /** Made for a playground; an account has one at most that is active. */
    boolean playground;

    protected ApiKey() {
    }

    static List<ApiKey> ofAccount(AccountId account) {
        return list("account = ?1 order by id desc", account.value());
    }

    static Optional<ApiKey> ofAccount(AccountId account, ApiKeyId id) {
        return find("account = ?1 and id = ?2", account.value(), id.value()).firstResultOptional();
    }

    ApiKeyId keyId() {
        return new ApiKeyId(id);
    }

    LineId lineId() {
        return new LineId(line);
    }

    KeyLimits limits() {
        return new KeyLimits(amount(totalNanos), amount(perDayNanos),
                new MaxPrice(amount(maxInputNanos), amount(maxOutputNanos), amount(maxCallNanos), amount(maxItemNanos)),
                models == null ? AllowedModels.ALL : new AllowedModels(models),
                new RateLimits(requestsPerMinute, tokensPerMinute, streams));
    }

    void limit(KeyLimits limits) {
        totalNanos = nanos(limits.total());
        perDayNanos = nanos(limits.perDay());
        maxInputNanos = nanos(limits.maxPrice().perMillionInputTokens());
        maxOutputNanos = nanos(limits.maxPrice().perMillionOutputTokens());
        maxCallNanos = nanos(limits.maxPrice().perCall());
        maxItemNanos = nanos(limits.maxPrice().perItem());
        models = limits.models().patterns().isEmpty() ? null : limits.models().patterns();
        requestsPerMinute = limits.rates().requestsPerMinute();
        tokensPerMinute = limits.rates().tokensPerMinute();
        streams = limits.rates().streams();
    }

    /** The first revocation counts. */
    void revoke(Instant now) {
        if (revokedAt == null) {
            revokedAt = now;
        }
    }

    boolean isActive(Instant now) {
        return state(now).equals("active");
    }

    String state(Instant now) {
        if (revokedAt != null) {
            return "revoked";
        }
        return expiresAt != null && !now.isBefore(expiresAt) ? "expired" : "active";
    }

    static @Nullable Amount amount(@Nullable Long nanos) {
        return nanos == null ? null : Amount.ofNanos(nanos);
    }

    private static @Nullable Long nanos(@Nullable Amount amount) {
        return amount == null ? null : amount.nanos();
    }
}
