package farthing.identity;

import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;

import farthing.ledger.LineId;

/** Who owns which line. What is on a line is the ledger's business. */
@ApplicationScoped
public class Lines {

    private final Clock clock;

    Lines(Clock clock) {
        this.clock = clock;
    }

    /** @param label unique among the account's lines */
    @Transactional
    public LineId open(AccountId account, String label) {
        return Line.open(account, label, clock.instant()).lineId();
    }

    /** In the order in which they were opened; never empty, since an account begins with one. */
    @Transactional
    public List<LineId> of(AccountId account) {
        return Line.ofAccount(account).stream().map(Line::lineId).toList();
    }

    /** In the same order. */
    @Transactional
    public Map<LineId, String> labelsOf(AccountId account) {
        Map<LineId, String> labels = new LinkedHashMap<>();
        Line.ofAccount(account).forEach(line -> labels.put(line.lineId(), line.label));
        return labels;
    }

    @Transactional
    public AccountId ownerOf(LineId line) {
        return new AccountId(Line.<Line> findByIdOptional(line.value()).orElseThrow().account);
    }
}
