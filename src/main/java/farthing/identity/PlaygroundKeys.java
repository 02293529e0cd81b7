package farthing.identity;

import java.time.Clock;
import java.time.Instant;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;

import farthing.ledger.LineId;
import farthing.money.Amount;

/** Keys with which a model's page makes calls for the person in front of it: short-lived, and good for little money. */
@ApplicationScoped
class PlaygroundKeys {

    static final String NAME = "Playground";

    /** More than a person needs in front of a page, and little for whoever takes the key out of it. */
    private static final RateLimits RATES = new RateLimits(60, null, 4);

    private final ApiKeys keys;
    private final Lines lines;
    private final LineBalances balances;
    private final PlaygroundConfig config;
    private final Clock clock;

    PlaygroundKeys(ApiKeys keys, Lines lines, LineBalances balances, PlaygroundConfig config, Clock clock) {
        this.keys = keys;
        this.lines = lines;
        this.balances = balances;
        this.config = config;
        this.clock = clock;
    }

    /** @param left what it may still spend now */
    record Fresh(String secret, Instant expiresAt, LineId line, String label, Amount limit, Amount left) {
    }

    /**
     * The account's earlier playground key ends.
     *
     * @param line on which it draws; empty: the one with the most left
     * @throws NoBudget when no line can pay
     */
    @Transactional
    public Fresh make(AccountId account, Optional<String> line) {
        Map<LineId, String> labels = lines.labelsOf(account);
        Map<LineId, LineBalances.Balance> known = balances.balances(account);
        LineId chosen = line.map(text -> named(text, labels)).orElseGet(() -> fullest(labels, known));
        Amount onLine = known.getOrDefault(chosen, LineBalances.Balance.NOTHING).left();
        if (onLine.isZero() || !balances.takesCalls(chosen)) {
            throw NoBudget.nothingLeft(chosen);
        }
        Amount limit = Amount.ofNanos(config.keyLimit());
        Instant expiresAt = clock.instant().plus(config.keyLifetime());
        NewApiKey key = keys.createForPlayground(account, chosen, NAME, new KeyLimits(limit, null).with(RATES),
                expiresAt);
        return new Fresh(key.secret(), expiresAt, chosen, labels.getOrDefault(chosen, "line " + chosen), limit,
                onLine.min(limit));
    }

    private static LineId named(String text, Map<LineId, String> labels) {
        return labels.keySet().stream().filter(own -> own.toString().equals(text)).findFirst()
                .orElseThrow(() -> NoBudget.notYours(text));
    }

    private LineId fullest(Map<LineId, String> labels, Map<LineId, LineBalances.Balance> known) {
        if (labels.isEmpty()) {
            throw NoBudget.noLine();
        }
        return labels.keySet().stream()
                .filter(line -> !known.getOrDefault(line, LineBalances.Balance.NOTHING).left().isZero())
                .sorted(Comparator
                        .comparing((LineId line) -> known.getOrDefault(line, LineBalances.Balance.NOTHING).left().nanos())
                        .reversed())
                .filter(balances::takesCalls).findFirst().orElseThrow(NoBudget::nothingLeft);
    }
}
