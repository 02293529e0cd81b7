package farthing.webhook;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

import farthing.chain.Address;
import farthing.identity.AccountId;
import farthing.ledger.LineId;
import farthing.settlement.FinalBatches;
import farthing.settlement.FinalBatches.FinalBatch;

/** Notices batches that have become final, and tells those whose calls or earnings are in them. */
final class BatchLook {

    private static final String KIND = "batch";
    /** Batches become final one after the other, but for those that were given up and stand on the chain after all. */
    private static final int BEHIND = 1000;

    /** Whose they are; those that are nobody's here are absent. */
    interface Owners {

        Map<LineId, AccountId> ofLines(Collection<LineId> lines);

        Map<Address, AccountId> ofWallets(Collection<Address> wallets);
    }

    private final Database database;
    private final FinalBatches batches;
    private final Owners owners;
    private final Outbox outbox;
    private final Map<String, Object> token;
    private final Clock clock;

    BatchLook(Database database, FinalBatches batches, Owners owners, Outbox outbox, Map<String, Object> token, Clock clock) {
        this.database = database;
        this.batches = batches;
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
        Set<Long> listeners = new HashSet<>(Look.listeners(connection, EventType.BATCH_POSTED));
        long reached = look.position();
        for (long id : batches.after(connection, look.position() - BEHIND)) {
            if (look.sees(connection, Long.toString(id), id) && !listeners.isEmpty()) {
                Optional<FinalBatch> batch = batches.find(connection, id);
                if (batch.isPresent()) {
                    tell(connection, batch.get(), listeners);
                }
            }
            reached = Math.max(reached, id);
        }
        look.end(connection, reached, reached - BEHIND, clock.instant());
    }

    private record Parts(List<Map<String, Object>> lines, List<Map<String, Object>> payees) {
        Parts() {
            this(new ArrayList<>(), new ArrayList<>());
        }
    }

    private void tell(Connection connection, FinalBatch batch, Set<Long> listeners) throws SQLException {
        Map<AccountId, Parts> parts = new LinkedHashMap<>();
        List<FinalBatches.Paying> paying = batches.paying(connection, batch.id());
        Map<LineId, AccountId> payers = owners.ofLines(paying.stream().map(FinalBatches.Paying::line).toList());
        for (FinalBatches.Paying each : paying) {
            AccountId payer = payers.get(each.line());
            if (payer != null && listeners.contains(payer.value())) {
                Map<String, Object> line = new LinkedHashMap<>();
                line.put("line", Integer.toUnsignedLong(each.line().value()));
                line.put("receipts", each.receipts());
                line.put("charged_nanos", each.charged().nanos());
                parts.computeIfAbsent(payer, _ -> new Parts()).lines.add(line);
            }
        }
        List<FinalBatches.Paid> paid = batches.paid(connection, batch.id());
        Map<Address, AccountId> payees = owners.ofWallets(paid.stream().map(FinalBatches.Paid::payee).toList());
        for (FinalBatches.Paid each : paid) {
            AccountId payee = payees.get(each.payee());
            if (payee != null && listeners.contains(payee.value())) {
                Map<String, Object> one = new LinkedHashMap<>();
                one.put("payee", each.payee().text());
                one.put("earned_nanos", each.earned().nanos());
                one.put("credited_nanos", each.credited().nanos());
                parts.computeIfAbsent(payee, _ -> new Parts()).payees.add(one);
            }
        }
        for (Map.Entry<AccountId, Parts> each : parts.entrySet()) {
            outbox.record(connection, each.getKey(), new Outbox.Happened(EventType.BATCH_POSTED, "batch:" + batch.id(),
                    "batch/" + batch.seq(), batch.minedAt(), data(batch, each.getValue())));
        }
    }

    private Map<String, Object> data(FinalBatch batch, Parts parts) {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("batch", batch.seq());
        data.put("state", "final");
        data.put("transaction", batch.transaction());
        data.put("block", batch.block());
        data.put("lines", parts.lines);
        data.put("payees", parts.payees);
        data.put("token", token);
        return data;
    }
}
