package farthing.identity;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;

import farthing.chain.Address;
import farthing.ledger.LineId;
import io.quarkus.hibernate.orm.panache.PanacheEntityBase;

@Entity
class Line extends PanacheEntityBase {

    /** The vault's number. */
    @Id
    int id;
    long account;
    String wallet;
    String label;
    Instant openedAt;

    protected Line() {
    }

    static Line adopt(LineId id, AccountId account, Address wallet, String label, Instant at) {
        Line line = new Line();
        line.id = id.value();
        line.account = account.value();
        line.wallet = wallet.text();
        line.label = label;
        line.openedAt = at;
        line.persistAndFlush();
        return line;
    }

    static List<Line> ofAccount(AccountId account) {
        return list("account = ?1 order by id", account.value());
    }

    static Optional<Line> of(LineId id) {
        return findByIdOptional(id.value());
    }

    LineId lineId() {
        return new LineId(id);
    }
}
