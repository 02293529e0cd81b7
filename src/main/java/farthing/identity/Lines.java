package farthing.identity;

import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;

import farthing.ledger.LineId;

/** Who owns which line. What is on a line is the ledger's business. */
@ApplicationScoped
public class Lines {

    static final int LONGEST_LABEL = 60;

    private final Clock clock;

    Lines(Clock clock) {
        this.clock = clock;
    }

    /**
     * Takes in a line that the chain knows. Its account stays: a line that is known already is left as it is,
     * whoever it is said to belong to now.
     */
    @Transactional
    public void adopt(LineId line, AccountId account, String label) {
        if (Line.of(line).isEmpty()) {
            Line.adopt(line, account, label, clock.instant());
        }
    }

    /**
     * @param label for its owner, to tell it from others
     * @throws LabelRefused saying why
     */
    @Transactional
    public void rename(AccountId account, LineId line, String label) {
        List<Line> own = Line.ofAccount(account);
        Line renamed = own.stream().filter(each -> each.lineId().equals(line)).findFirst().orElseThrow(LabelRefused::unknown);
        if (label.isBlank() || label.length() > LONGEST_LABEL) {
            throw LabelRefused.length();
        }
        if (own.stream().anyMatch(each -> each != renamed && each.label.equals(label))) {
            throw LabelRefused.taken(label);
        }
        renamed.label = label;
    }

    /** In the order in which they were opened; empty until the account has opened one. */
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

    /** Empty for a line that was not adopted. */
    @Transactional
    public Optional<AccountId> ownerOf(LineId line) {
        return Line.of(line).map(found -> new AccountId(found.account));
    }
}
