package farthing.web;

import java.time.Instant;
import java.util.Optional;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;

import io.quarkus.hibernate.orm.panache.PanacheEntityBase;

/** One signed-in browser. Only the hash of its cookie is kept, so that nobody who reads the table can use it. */
@Entity
@Table(name = "web_session")
class WebSession extends PanacheEntityBase {

    @Id
    String tokenHash;
    long account;
    Instant expiresAt;

    protected WebSession() {
    }

    WebSession(String tokenHash, long account, Instant expiresAt) {
        this.tokenHash = tokenHash;
        this.account = account;
        this.expiresAt = expiresAt;
    }

    static Optional<WebSession> alive(String tokenHash, Instant now) {
        return find("tokenHash = ?1 and expiresAt > ?2", tokenHash, now).firstResultOptional();
    }

    static long deleteExpired(Instant now) {
        return delete("expiresAt <= ?1", now);
    }
}
