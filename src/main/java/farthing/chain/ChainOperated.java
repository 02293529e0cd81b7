package farthing.chain;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

import javax.sql.DataSource;

import jakarta.inject.Singleton;

import org.jspecify.annotations.Nullable;

import farthing.web.Operated;

/** The node, and the transactions that are not in a block yet. */
@Singleton
class ChainOperated implements Operated {

    /** A block takes seconds, a node that restarts a minute. */
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final int MOST = 50;

    /** @param first when it was first signed */
    record Waiting(String purpose, @Nullable String fault, boolean signed, @Nullable Instant first) {
    }

    private final DataSource source;
    private final ChainLog log;
    private final ChainStatus status;
    private final Deployment deployment;
    private final OperatorKey operator;
    private final Clock clock;

    ChainOperated(DataSource source, ChainLog log, ChainStatus status, Deployment deployment, OperatorKey operator,
            Clock clock) {
        this.source = source;
        this.log = log;
        this.status = status;
        this.deployment = deployment;
        this.operator = operator;
        this.clock = clock;
    }

    @Override
    public String title() {
        return "Chain";
    }

    @Override
    public List<Concern> concerns() {
        List<Concern> concerns = new ArrayList<>();
        status.away().ifPresent(away -> concerns.add(new Concern("chain-away",
                "The chain's node does not answer: " + away.fault() + " Calls go on within what was final; settlement waits.",
                away.since(), "Mend the node, or name another one in FARTHING_CHAIN_RPC_URL.", null)));
        Instant late = clock.instant().minus(PATIENCE);
        for (Waiting each : waiting()) {
            String id = "transaction-" + each.purpose();
            if (each.fault() != null) {
                concerns.add(new Concern(id, "The transaction '" + each.purpose() + "' cannot go: " + each.fault() + ".",
                        each.first(), "Remove the reason; it is tried again by itself. Most often the operator key "
                                + operator.key().address().text() + " needs coins for gas.",
                        null));
            } else if (each.first() != null && each.first().isBefore(late)) {
                concerns.add(new Concern(id, "The transaction '" + each.purpose() + "' was sent and is in no block.",
                        each.first(),
                        "See whether the node passes transactions on, and whether gas costs more than the operator key has.",
                        null));
            }
        }
        return concerns;
    }

    @Override
    public List<Fact> facts() {
        List<Fact> facts = new ArrayList<>();
        facts.add(new Fact("Node", status.away().isPresent() ? "away" : "answers"));
        read(connection -> log.position(connection)).ifPresent(position -> {
            facts.add(new Fact("Followed to block", Long.toString(position.head().number())));
        });
        List<Waiting> waiting = waiting();
        facts.add(
                new Fact("Transactions not sent yet", Long.toString(waiting.stream().filter(each -> !each.signed()).count())));
        facts.add(new Fact("Transactions in no block yet", Long.toString(waiting.stream().filter(Waiting::signed).count())));
        facts.add(new Fact("Operator key", operator.key().address().text()));
        facts.add(new Fact("Chain", Long.toString(deployment.chainId())));
        return facts;
    }

    private List<Waiting> waiting() {
        return read(connection -> {
            try (PreparedStatement select = connection.prepareStatement("""
                    select t.purpose, t.fault, t.nonce is not null,
                        (select min(s.signed_at) from chain_signed s where s.transaction = t.id)
                    from chain_transaction t where t.block_number is null order by t.id limit ?""")) {
                select.setInt(1, MOST);
                try (ResultSet rows = select.executeQuery()) {
                    List<Waiting> waiting = new ArrayList<>();
                    while (rows.next()) {
                        Timestamp first = rows.getTimestamp(4);
                        waiting.add(new Waiting(rows.getString(1), rows.getString(2), rows.getBoolean(3),
                                first == null ? null : first.toInstant()));
                    }
                    return waiting;
                }
            }
        });
    }

    private <T> T read(Read<T> read) {
        try (Connection connection = source.getConnection()) {
            return read.from(connection);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private interface Read<T> {
        T from(Connection connection) throws SQLException;
    }
}
