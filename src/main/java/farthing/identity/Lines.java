package farthing.identity;

import java.time.Clock;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;

import farthing.chain.Address;
import farthing.ledger.LineId;
import io.quarkus.narayana.jta.QuarkusTransaction;

/** Who owns which line. What is on a line is the ledger's business. */
@ApplicationScoped
public class Lines {

    static final int LONGEST_LABEL = 60;

    private final Clock clock;
    private final Accounts accounts;

    Lines(Clock clock, Accounts accounts) {
        this.clock = clock;
        this.accounts = accounts;
    }

    /**
     * Takes in a line that the chain knows, for the account of the wallet that owns it. Account and wallet stay: a line that is
     * known already is left as it is, whoever it is said to belong to now.
     */
    public void adopt(LineId line, Address owner, String label) {
        if (ownerOf(line).isEmpty()) {
            accounts.of(owner);
            QuarkusTransaction.joiningExisting().run(() -> takeIn(line, owner, label));
        }
    }

    private void takeIn(LineId line, Address owner, String label) {
        // Under its lock: nobody unlinks a wallet while a line is taken in for it.
        AccountWallet wallet = AccountWallet.findById(owner.text(), LockModeType.PESSIMISTIC_READ);
        if (wallet != null && Line.of(line).isEmpty()) {
            Line.adopt(line, new AccountId(wallet.account), owner, label, clock.instant());
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

    /** That owned it on chain when it was adopted, and still does unless the chain has gone back. Never changes. */
    @Transactional
    public Optional<Address> walletOf(LineId line) {
        return Line.of(line).map(found -> new Address(found.wallet));
    }

    /** All that were ever adopted for this wallet, whoever has them here. */
    @Transactional
    public List<LineId> ofWallet(Address wallet) {
        return Line.<Line> list("wallet = ?1 order by id", wallet.text()).stream().map(Line::lineId).toList();
    }

    /** Those of these lines that were adopted, and who has them. */
    @Transactional
    public Map<LineId, AccountId> ownersOf(Collection<LineId> lines) {
        Map<LineId, AccountId> owners = new LinkedHashMap<>();
        Line.<Line> list("id in ?1 order by id", lines.stream().map(LineId::value).toList())
                .forEach(line -> owners.put(line.lineId(), new AccountId(line.account)));
        return owners;
    }

    /** Empty for a line that was not adopted. */
    @Transactional
    public Optional<AccountId> ownerOf(LineId line) {
        return Line.of(line).map(found -> new AccountId(found.account));
    }
}
