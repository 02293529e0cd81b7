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
    String prefix;
    byte[] secretHash;
    @Nullable
    Long totalNanos;
    @Nullable
    Long perDayNanos;
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
        return limits(totalNanos, perDayNanos);
    }

    static KeyLimits limits(@Nullable Long totalNanos, @Nullable Long perDayNanos) {
        return new KeyLimits(totalNanos == null ? null : Amount.ofNanos(totalNanos),
                perDayNanos == null ? null : Amount.ofNanos(perDayNanos));
    }

    /** The first revocation counts. */
    void revoke(Instant now) {
        if (revokedAt == null) {
            revokedAt = now;
        }
    }

    String state(Instant now) {
        if (revokedAt != null) {
            return "revoked";
        }
        return expiresAt != null && !now.isBefore(expiresAt) ? "expired" : "active";
    }
}
