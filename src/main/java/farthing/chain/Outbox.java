package farthing.chain;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.web3j.crypto.RawTransaction;
import org.web3j.utils.Numeric;

import farthing.chain.OutboxTables.Open;
import farthing.chain.OutboxTables.Signed;

/**
 * Works the outbox off. Each step is durable before the next one, may be cut off anywhere, and may be done again
 * by whoever comes next. Transactions of a key are signed in the order in which they were queued; one whose dry
 * run fails has no nonce yet, so that it holds up nobody, and is overtaken.
 */
final class Outbox {

    private static final Logger LOG = Logger.getLogger(Outbox.class);
    /** A transaction may not use more (EIP-7825). */
    private static final BigInteger MOST_GAS = BigInteger.valueOf(1 << 24);
    /** Over the estimate and half of it: after a re-org the same bytes may meet slots that are empty again, which cost more. */
    private static final BigInteger SPARE_GAS = BigInteger.valueOf(50_000);
    private static final BigInteger TRANSFER_GAS = BigInteger.valueOf(21_000);
    /** Nodes keep only some transactions of one sender. */
    private static final int MOST_WAITING = 32;
    private static final List<String> HAS_IT = List.of("already known", "already imported", "known transaction",
            "nonce too low", "replacement transaction underpriced");

    private final Node node;
    private final Database database;
    private final OutboxTables tables = new OutboxTables();
    private final Clock clock;
    private final Settings settings;
    private final Map<Address, SigningKey> keys;
    private final Map<Long, Sending> sendings = new HashMap<>();

    /**
     * @param again after which time what was sent and is in no block is sent again
     * @param raise after which time more is bid
     */
    record Settings(long chainId, Duration again, Duration raise) {
    }

    /** What this process sent, and when: first, and last. A transaction that left its block begins anew. */
    private record Sending(int version, Instant first, Instant last) {
    }

    /** @param keys that may be signed with, more of which may come */
    Outbox(Node node, Database database, Map<Address, SigningKey> keys, Clock clock, Settings settings) {
        this.node = node;
        this.keys = keys;
        this.database = database;
        this.clock = clock;
        this.settings = settings;
    }

    /** Takes every open transaction one step or more further. */
    void step() throws NodeFailed, SQLException {
        List<Open> open = database.read(tables::open);
        Set<Long> ids = new HashSet<>();
        Map<Address, List<Open>> byKey = new LinkedHashMap<>();
        for (Open each : open) {
            ids.add(each.id());
            byKey.computeIfAbsent(each.key(), key -> new ArrayList<>()).add(each);
        }
        sendings.keySet().retainAll(ids);
        for (Map.Entry<Address, List<Open>> each : byKey.entrySet()) {
            SigningKey key = keys.get(each.getKey());
            if (key != null) {
                step(key, each.getValue());
            }
        }
    }

    private void step(SigningKey key, List<Open> open) throws NodeFailed, SQLException {
        long used = node.used(key.address());
        List<Open> waiting = new ArrayList<>();
        List<Open> queued = new ArrayList<>();
        for (Open each : open) {
            Long nonce = each.nonce();
            if (nonce == null) {
                queued.add(each);
            } else if (nonce >= used) {
                waiting.add(each);
            } else {
                look(each, nonce);
            }
        }
        if (waiting.isEmpty() && queued.isEmpty()) {
            return;
        }
        long pending = node.pending(key.address());
        Fees recommended = Fees.recommended(node.latest().baseFee(), node.tip());
        fillGap(key, waiting, used, pending, recommended);
        for (Open each : queued) {
            if (waiting.size() < MOST_WAITING) {
                sign(key, each, Math.max(used, pending), recommended, waiting.isEmpty()).ifPresent(waiting::add);
            }
        }
        // After an older state was restored all that was ever sent since waits again, in this order.
        for (Open each : waiting.subList(0, Math.min(waiting.size(), MOST_WAITING))) {
            send(key, each, each.nonce() != null && each.nonce() == used, recommended);
        }
    }

    /** Its nonce is used: by one of its own versions, or by somebody else who has the key. */
    private void look(Open open, long nonce) throws NodeFailed, SQLException {
        // Read before the transaction receipts: what is final then has one, if it is ours.
        boolean usedFinally = usedFinally(open.key()) > nonce;
        for (Signed signed : database.read(connection -> tables.signed(connection, open.id()))) {
            Node.Mined mined = node.mined(signed.hash()).orElse(null);
            if (mined != null) {
                Node.Block block = node.block(mined.number()).orElse(null);
                if (block != null && block.hash().equals(mined.block())) {
                    String fault = mined.succeeded() ? null : reason(open, mined);
                    database.inTransaction(connection -> tables.mined(connection, open, mined, block, fault));
                }
                return;
            }
        }
        if (usedFinally) {
            String fault = "Nonce " + nonce + " of " + open.key()
                    + " was used by a transaction that did not come from here; another one is taken.";
            LOG.warn(open.purpose() + ": " + fault);
            database.inTransaction(connection -> {
                tables.giveUpNonce(connection, open, fault);
                return true;
            });
        }
    }

    private long usedFinally(Address key) throws NodeFailed {
        try {
            return node.usedFinally(key);
        } catch (NodeRefused olderStateForgotten) {
            return 0;
        }
    }

    private String reason(Open open, Node.Mined mined) throws NodeFailed, SQLException {
        Call call = database.read(connection -> tables.call(connection, open.id()));
        try {
            node.tryAt(mined.number(), open.key(), call);
            return "It reverted in block " + mined.number() + "; it would not any more.";
        } catch (NodeRefused refused) {
            return refused.reason();
        }
    }

    /**
     * A nonce that nobody uses holds up all above it: after an older state of the chain was restored it may be
     * that of a transaction sent with this key elsewhere.
     */
    private void fillGap(SigningKey key, List<Open> waiting, long used, long pending, Fees recommended) throws SQLException {
        if (waiting.isEmpty() || pending != used || waiting.getFirst().nonce() == null || waiting.getFirst().nonce() <= used) {
            return;
        }
        String purpose = "gap:" + key.address() + ":" + used;
        database.inTransaction(connection -> {
            if (tables.isTaken(connection, key.address(), used)) {
                return false;
            }
            LOG.warnf("nonce %d of %s is missing on the chain; an empty transaction fills it", used, key.address());
            Call nothing = new Call(key.address(), new byte[0]);
            tables.queue(connection, purpose, key.address(), nothing);
            Open gap = tables.queued(connection, purpose, key.address());
            tables.nonce(connection, key.address(), used);
            return tables.take(connection, gap, used, TRANSFER_GAS)
                    && store(connection, key, gap.id(), used, nothing, TRANSFER_GAS, recommended);
        });
    }

    /** Empty when its dry run failed, and when it was withdrawn. */
    private Optional<Open> sign(SigningKey key, Open open, long atLeast, Fees fees, boolean alone)
            throws NodeFailed, SQLException {
        Call call = database.read(connection -> tables.call(connection, open.id()));
        String fault;
        BigInteger gas = BigInteger.ZERO;
        try {
            BigInteger estimate = node.gas(key.address(), call);
            gas = estimate.add(estimate.shiftRight(1)).add(SPARE_GAS).min(MOST_GAS);
            fault = fault(key.address(), estimate, fees.cost(gas));
        } catch (NodeRefused refused) {
            fault = refused.reason();
        }
        if (fault != null) {
            // Those before it may be what it needs.
            if (alone) {
                fault(open, fault);
            }
            return Optional.empty();
        }
        BigInteger limit = gas;
        Long taken = database.<@Nullable Long> inTransaction(connection -> {
            long nonce = tables.nonce(connection, key.address(), atLeast);
            return tables.take(connection, open, nonce, limit)
                    && store(connection, key, open.id(), nonce, call, limit, fees) ? nonce : null;
        });
        return taken == null ? Optional.empty()
                : Optional.of(new Open(open.id(), open.purpose(), open.key(), taken, null));
    }

    private @Nullable String fault(Address key, BigInteger estimate, BigInteger cost) throws NodeFailed {
        if (estimate.compareTo(MOST_GAS) > 0) {
            return "It needs " + estimate + " gas, more than the " + MOST_GAS + " that one transaction may use.";
        }
        BigInteger balance = node.balance(key);
        return balance.compareTo(cost) >= 0 ? null
                : key + " has " + ether(balance) + " ETH and needs " + ether(cost) + " for gas; send it some.";
    }

    private static String ether(BigInteger wei) {
        return new BigDecimal(wei, 18).setScale(9, RoundingMode.CEILING).stripTrailingZeros()
                .toPlainString();
    }

    private boolean store(Connection connection, SigningKey key, long id, long nonce, Call call, BigInteger gas, Fees fees)
            throws SQLException {
        byte[] raw = key.sign(RawTransaction.createTransaction(settings.chainId(), BigInteger.valueOf(nonce), gas,
                call.to().text(), BigInteger.ZERO, Numeric.toHexString(call.data()), fees.tip(), fees.most()));
        int version = tables.version(connection, id);
        tables.store(connection, id, nonce,
                new Signed(version, Numeric.toHexString(Keccak.hash(raw)), raw, fees), Timestamp.from(clock.instant()));
        return true;
    }

    private void send(SigningKey key, Open open, boolean next, Fees recommended) throws NodeFailed, SQLException {
        List<Signed> all = database.read(connection -> tables.signed(connection, open.id()));
        Instant now = clock.instant();
        Signed newest = all.getLast();
        Sending before = sendings.get(open.id());
        boolean late = before != null && !now.isBefore(before.first().plus(settings.raise()));
        boolean cheap = newest.fees().most().shiftLeft(1).compareTo(recommended.most()) < 0;
        if (next && (late || cheap) && !newest.fees().isHighEnough(recommended)) {
            newest = raise(key, open, newest, recommended);
            before = null;
        }
        if (before != null && before.version() == newest.version() && now.isBefore(before.last().plus(settings.again()))) {
            return;
        }
        sendings.put(open.id(), new Sending(newest.version(),
                before == null ? now : before.first(), now));
        try {
            node.send(newest.raw());
            fault(open, null);
        } catch (NodeRefused refused) {
            String answer = refused.answer().toLowerCase();
            fault(open, HAS_IT.stream().anyMatch(answer::contains) ? null : refused.getMessage());
        }
    }

    private Signed raise(SigningKey key, Open open, Signed newest, Fees recommended) throws SQLException {
        Long nonce = open.nonce();
        if (nonce == null) {
            return newest;
        }
        Fees fees = newest.fees().raised(recommended);
        LOG.infof("%s waits; %s wei a unit of gas are bid instead of %s", open.purpose(), fees.most(), newest.fees().most());
        return database.inTransaction(connection -> {
            store(connection, key, open.id(), nonce, tables.call(connection, open.id()), tables.gas(connection, open.id()),
                    fees);
            return tables.signed(connection, open.id()).getLast();
        });
    }

    private void fault(Open open, @Nullable String fault) throws SQLException {
        if (Objects.equals(open.fault(), fault)) {
            return;
        }
        if (fault != null) {
            LOG.warnf("%s cannot go: %s", open.purpose(), fault);
        }
        database.inTransaction(connection -> {
            tables.fault(connection, open.id(), fault);
            return true;
        });
    }
}
