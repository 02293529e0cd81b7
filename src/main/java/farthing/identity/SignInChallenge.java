package farthing.identity;

import java.time.Instant;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;

import org.jspecify.annotations.Nullable;

import io.quarkus.hibernate.orm.panache.PanacheEntityBase;

/** A message that a wallet was asked to sign, and whether it has come back. */
@Entity
@Table(name = "sign_in_challenge")
class SignInChallenge extends PanacheEntityBase {

    @Id
    String nonce;
    String wallet;
    String message;
    String nextPage;
    /** To be linked to; null: the wallet signs in. */
    @Nullable
    Long account;
    /** In which that was asked. */
    @Nullable
    String session;
    Instant expiresAt;
    @Nullable
    Instant usedAt;

    protected SignInChallenge() {
    }

    /** One statement, so that of any number of parallel attempts exactly one wins. */
    static boolean use(String nonce, Instant now) {
        return update("usedAt = ?1 where nonce = ?2 and usedAt is null", now, nonce) == 1;
    }

    static long deleteExpired(Instant before) {
        return delete("expiresAt < ?1", before);
    }
}
