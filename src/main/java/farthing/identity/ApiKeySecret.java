package farthing.identity;

import java.time.Instant;
import java.util.Collection;
import java.util.List;

import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;

import org.jspecify.annotations.Nullable;

import io.quarkus.hibernate.orm.panache.PanacheEntityBase;

/** What opens a key. The secret itself is known to whoever was shown it. */
@Entity
@Table(name = "api_key_secret")
class ApiKeySecret extends PanacheEntityBase {

    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    long id;
    long apiKey;
    String prefix;
    byte[] hash;
    Instant createdAt;
    /** Null while no other one has taken its place. */
    @Nullable
    Instant endsAt;

    protected ApiKeySecret() {
    }

    ApiKeySecret(ApiKeyId key, String secret, Instant now) {
        apiKey = key.value();
        prefix = SecretForm.KEY.prefix(secret);
        hash = SecretForm.hash(secret);
        createdAt = now;
    }

    /** Newest first. */
    static List<ApiKeySecret> of(Collection<Long> keys) {
        return list("apiKey in ?1 order by id desc", keys);
    }

    boolean isAlive(Instant now) {
        return endsAt == null || now.isBefore(endsAt);
    }

    /** It is not given more time than it has. */
    void endAt(Instant time) {
        if (endsAt == null || time.isBefore(endsAt)) {
            endsAt = time;
        }
    }
}
