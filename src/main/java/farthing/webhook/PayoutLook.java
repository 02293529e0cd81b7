package farthing.webhook;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import farthing.chain.ChainLog;
import farthing.chain.ChainPosition;
import farthing.chain.Logged;
import farthing.chain.VaultEvent;
import farthing.identity.AccountId;

/** Notices withdrawals that have become final, whoever sent them, and tells the payee. */
final class PayoutLook {

    private static final String KIND = "payout";
    /** Blocks that are looked through again: a chain that was restored from an older state comes back to them. */
    private static final int BEHIND = 1000;

    private final Database database;
    private final ChainLog chain;
    private final BatchLook.Owners owners;
    private final Outbox outbox;
    private final Map<String, Object> token;
    private final Clock clock;

    PayoutLook(Database database, ChainLog chain, BatchLook.Owners owners, Outbox outbox, Map<String, Object> token,
            Clock clock) {
        this.database = database;
        this.chain = chain;
        this.owners = owners;
        this.outbox = outbox;
        this.token = token;
        this.clock = clock;
    }

    void look() {
        database.inTransaction(connection -> {
            Optional<Look> look = Look.begin(connection, KIND);
            if (look.isPresent()) {
                look(connection, look.get());
            }
            return true;
        });
    }

    private void look(Connection connection, Look look) throws SQLException {
        Optional<ChainPosition> position = chain.position(connection);
        long reached = position.map(ChainPosition::finalized).orElse(look.position());
        long from = Math.min(reached, look.position()) - BEHIND;
        List<Logged<VaultEvent.Withdrawn>> fresh = new ArrayList<>();
        for (Logged<VaultEvent.Withdrawn> each : chain.withdrawnFrom(connection, from)) {
            if (each.finalized() && look.sees(connection, fact(each), each.block().number())) {
                fresh.add(each);
            }
        }
        if (!fresh.isEmpty()) {
            var payees = owners.ofWallets(fresh.stream().map(each -> each.event().payee()).distinct().toList());
            for (Logged<VaultEvent.Withdrawn> each : fresh) {
                AccountId payee = payees.get(each.event().payee());
                if (payee != null) {
                    outbox.record(connection, payee, new Outbox.Happened(EventType.PAYOUT_PAID, "payout:" + fact(each),
                            "payee/" + each.event().payee(), each.block().at(), data(each)));
                }
            }
        }
        look.end(connection, reached, from, clock.instant());
    }

    /** A transaction pays a payee once: what has just been paid has not matured again. */
    private static String fact(Logged<VaultEvent.Withdrawn> withdrawn) {
        return withdrawn.transaction() + ":" + withdrawn.event().payee();
    }

    private Map<String, Object> data(Logged<VaultEvent.Withdrawn> withdrawn) {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("payee", withdrawn.event().payee().text());
        data.put("to", withdrawn.event().to().text());
        data.put("amount_nanos", withdrawn.event().amount().nanos());
        data.put("state", "final");
        data.put("transaction", withdrawn.transaction());
        data.put("block", withdrawn.block().number());
        data.put("token", token);
        return data;
    }
}
