package farthing.identity;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;

import io.quarkus.hibernate.orm.panache.PanacheEntityBase;

/** Tells every server to read a key again; the database adds the time. */
@Entity
@Table(name = "key_change")
class KeyChange extends PanacheEntityBase {

    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    long id;
    @Column(updatable = false)
    long apiKey;

    protected KeyChange() {
    }

    KeyChange(ApiKeyId key) {
        apiKey = key.value();
    }
}
