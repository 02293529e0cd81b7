package farthing.identity;

import java.time.Instant;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;

import farthing.chain.Address;
import io.quarkus.hibernate.orm.panache.PanacheEntityBase;

/** A wallet that signs in to an account. */
@Entity
@Table(name = "account_wallet")
class AccountWallet extends PanacheEntityBase {

    @Id
    String address;
    long account;
    Instant addedAt;

    protected AccountWallet() {
    }

    AccountWallet(Address address, AccountId account, Instant addedAt) {
        this.address = address.text();
        this.account = account.value();
        this.addedAt = addedAt;
    }
}
