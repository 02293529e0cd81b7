package farthing.identity;

import java.time.Instant;
import java.util.List;

import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;

import farthing.ledger.LineId;
import io.quarkus.hibernate.orm.panache.PanacheEntityBase;

@Entity
class Line extends PanacheEntityBase {

    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    int id;
    long account;
    String label;
    Instant openedAt;

    protected Line() {
    }

    static Line open(AccountId account, String label, Instant at) {
        Line line = new Line();
        line.account = account.value();
        line.label = label;
        line.openedAt = at;
        line.persistAndFlush();
        return line;
    }

    static List<Line> ofAccount(AccountId account) {
        return list("account = ?1 order by id", account.value());
    }

    LineId lineId() {
        return new LineId(id);
    }
}
