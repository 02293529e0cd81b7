package farthing.onchain;

import java.time.Instant;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;

import org.jspecify.annotations.Nullable;

import io.quarkus.hibernate.orm.panache.PanacheEntityBase;

/** Something signed for the registry, which is one transaction of the outbox. Never changes. */
@Entity
@Table(name = "registry_statement")
class Statement extends PanacheEntityBase {

    /** The transaction's name. */
    @Id
    String purpose;
    int version;
    /** Null: the version itself is stated. */
    @Nullable
    Long offer;
    /** Of the offer, in the registry. */
    @Nullable
    Integer number;
    long account;
    String signer;
    @Nullable
    Instant validFrom;
    Instant deadline;
    byte[] signature;
    Instant signedAt;

    protected Statement() {
    }

    Statement(String purpose, int version, long account, String signer, Instant deadline, byte[] signature, Instant signedAt) {
        this.purpose = purpose;
        this.version = version;
        this.account = account;
        this.signer = signer;
        this.deadline = deadline;
        this.signature = signature;
        this.signedAt = signedAt;
    }
}
