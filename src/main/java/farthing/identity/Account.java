package farthing.identity;

import java.time.Instant;
import java.util.Optional;

import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;

import org.jspecify.annotations.Nullable;

import farthing.chain.Address;
import farthing.web.Viewer;
import io.quarkus.hibernate.orm.panache.PanacheEntityBase;

@Entity
class Account extends PanacheEntityBase {

    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    long id;
    String handle;
    @Nullable
    String wallet;
    Instant createdAt;
    @Nullable
    Instant deactivatedAt;
    @Nullable
    String deactivatedBecause;

    protected Account() {
    }

    static Optional<Account> ofWallet(Address wallet) {
        return find("id = (select w.account from AccountWallet w where w.address = ?1)", wallet.text()).firstResultOptional();
    }

    static Optional<Account> ofHandle(String handle) {
        return find("handle", handle).firstResultOptional();
    }

    static Account get(AccountId id) {
        return Account.<Account> findByIdOptional(id.value()).orElseThrow();
    }

    void requireActive() {
        if (deactivatedAt != null) {
            throw new DeactivatedAccount(deactivatedAt, String.valueOf(deactivatedBecause));
        }
    }

    AccountId accountId() {
        return new AccountId(id);
    }

    Viewer viewer(boolean operator) {
        return new Viewer(id, handle, wallet, operator);
    }
}
