package farthing.identity;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

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

    /** Where it is paid comes first; the others as they were linked. */
    static List<AccountWallet> of(Account account) {
        List<AccountWallet> wallets = new ArrayList<>(list("account = ?1 order by addedAt, address", account.id));
        wallets.sort(Comparator.comparing(each -> !each.address.equals(account.wallet)));
        return wallets;
    }

    Address wallet() {
        return new Address(address);
    }
}
