package farthing.chain;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;

import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.web3j.protocol.core.methods.response.Log;

import farthing.chain.MirrorTables.Found;
import farthing.chain.MirrorTables.Reading;
import farthing.chain.MirrorTables.Seen;

/** Follows the chain into the database, one range of blocks at a time. */
final class Mirror {

    private static final Logger LOG = Logger.getLogger(Mirror.class);
    private static final int READS = 4;

    private final Node node;
    private final Database database;
    private final MirrorTables tables;
    private final Address vault;
    private final Settings settings;
    private final Consumer<ChainAdvanced> advanced;

    /**
     * @param first number of the block to begin with
     * @param range the most blocks whose events are asked for at once
     * @param dense how many of the newest blocks are all kept
     */
    record Settings(long first, int range, int dense) {
    }

    Mirror(Node node, Database database, Deployment deployment, Settings settings, Consumer<ChainAdvanced> advanced) {
        this.node = node;
        this.database = database;
        this.tables = new MirrorTables(deployment, settings.dense());
        this.vault = deployment.vault();
        this.settings = settings;
        this.advanced = advanced;
    }

    /** The chain changed while it was read. */
    private static final class Moved extends Exception {
    }

    /**
     * Reads one range; true when the chain has more.
     *
     * @throws NodeFailed when nothing was read
     */
    boolean step() throws NodeFailed, SQLException {
        Seen seen = database.read(tables::seen);
        for (int read = 0; read < READS; read++) {
            try {
                return step(seen);
            } catch (Moved again) {
                LOG.debug("the chain changed while it was read");
            }
        }
        throw new NodeFailed("The chain's node keeps contradicting itself about which blocks there are.");
    }

    private boolean step(Seen seen) throws NodeFailed, SQLException, Moved {
        // In this order: the chain that has this head has these finalized blocks.
        long finalized = node.finalized();
        Node.Block latest = node.latest();
        BlockRef shared = shared(seen, latest);
        long from = shared == null ? settings.first() : shared.number() + 1;
        Reading reading;
        if (shared != null && from > latest.number()) {
            reading = reading(seen, shared, List.of(), List.of(), shared, finalized);
        } else if (from > latest.number()) {
            throw new NodeFailed("The chain's node is at block " + latest.number() + ", before block " + from
                    + ", with which the mirror is to begin.");
        } else if (latest.number() - from >= settings.dense()) {
            reading = sparse(seen, shared, from, latest, finalized);
        } else {
            reading = dense(seen, shared, from, latest, finalized);
        }
        if (changes(reading)) {
            write(reading);
        }
        return reading.head().number() < latest.number();
    }

    private Reading reading(Seen seen, @Nullable BlockRef shared, List<BlockRef> blocks, List<Found> found, BlockRef head,
            long finalized) {
        long known = shared == null ? -1 : shared.number();
        // A node that lags says less than another did; only another chain takes finality back.
        long atLeast = known == seen.headNumber() ? seen.finalized() : 0;
        return new Reading(seen, known, blocks, found, head, Math.min(head.number(), Math.max(finalized, atLeast)));
    }

    private static boolean changes(Reading reading) {
        return reading.seen().head() == null || reading.shared() < reading.seen().headNumber() || !reading.blocks().isEmpty()
                || reading.finalized() != reading.seen().finalized();
    }

    private void write(Reading reading) throws SQLException {
        Optional<ChainAdvanced> written = database.inTransaction(connection -> tables.write(connection, reading));
        long lost = reading.seen().headNumber() - reading.shared();
        if (written.isPresent() && lost > 0) {
            LOG.infof("the chain took back %d blocks, those after %d", lost, reading.shared());
        }
        written.ifPresent(advanced);
    }

    /** The newest stored block that this chain has; null when it has none of them. */
    private @Nullable BlockRef shared(Seen seen, Node.Block latest) throws NodeFailed, SQLException {
        BlockRef head = seen.head();
        if (head == null || onChain(head, latest)) {
            return head;
        }
        // All stored blocks up to `low` are on the chain, those from `high` on are not.
        long low = -1;
        long high = head.number();
        for (long back = 1; high - low > 1; back *= 2) {
            long probe = low < 0 ? Math.max(0, high - back) : (low + high) / 2;
            long floor = low;
            Optional<BlockRef> stored = database.read(connection -> tables.newestUpTo(connection, probe))
                    .filter(block -> block.number() > floor);
            if (stored.isEmpty() || onChain(stored.get(), latest)) {
                low = probe;
            } else {
                high = stored.get().number();
            }
        }
        long newest = low;
        return database.<@Nullable BlockRef> read(connection -> tables.newestUpTo(connection, newest).orElse(null));
    }

    private boolean onChain(BlockRef stored, Node.Block latest) throws NodeFailed {
        if (stored.number() >= latest.number()) {
            return stored.hash().equals(latest.hash());
        }
        return node.block(stored.number()).filter(block -> block.hash().equals(stored.hash())).isPresent();
    }

    /** Every block up to the head, each linked to the one before. */
    private Reading dense(Seen seen, @Nullable BlockRef shared, long from, Node.Block latest, long finalized)
            throws NodeFailed, Moved {
        Map<Long, BlockRef> blocks = new TreeMap<>();
        String parent = shared == null ? null : shared.hash();
        for (long number = from; number <= latest.number(); number++) {
            Node.Block block = number == latest.number() ? latest : node.block(number).orElseThrow(Moved::new);
            if (parent != null && !parent.equals(block.parent())) {
                throw new Moved();
            }
            parent = block.hash();
            blocks.put(number, block.ref());
        }
        List<Found> found = found(from, latest.number());
        for (Found each : found) {
            BlockRef block = blocks.get(each.block());
            if (block == null || !block.hash().equals(each.log().getBlockHash())) {
                throw new Moved();
            }
        }
        stillThere(latest.ref());
        return reading(seen, shared, List.copyOf(blocks.values()), found, latest.ref(), finalized);
    }

    /** Far behind the head: only blocks with events, and the last one of the range. */
    private Reading sparse(Seen seen, @Nullable BlockRef shared, long from, Node.Block latest, long finalized)
            throws NodeFailed, SQLException, Moved {
        long to = Math.min(from + settings.range() - 1, latest.number() - settings.dense());
        to = Math.max(from, to - to % MirrorTables.KEPT_EACH);
        BlockRef last = node.block(to).orElseThrow(Moved::new).ref();
        List<Found> found = found(from, to);
        TreeSet<Long> numbers = new TreeSet<>();
        Map<Long, String> hashes = new TreeMap<>();
        for (Found each : found) {
            numbers.add(each.block());
            String other = hashes.put(each.block(), each.log().getBlockHash());
            if (other != null && !other.equals(each.log().getBlockHash())) {
                throw new Moved();
            }
        }
        numbers.remove(to);
        List<BlockRef> blocks = new ArrayList<>();
        for (long number : numbers) {
            blocks.add(node.block(number).orElseThrow(Moved::new).ref());
        }
        blocks.add(last);
        for (BlockRef block : blocks) {
            if (!block.hash().equals(hashes.getOrDefault(block.number(), block.hash()))) {
                throw new Moved();
            }
        }
        // Both ends are what they were, so all between are.
        stillThere(last);
        if (shared != null) {
            stillThere(shared);
        }
        LOG.infof("read the chain up to block %d of %d", to, latest.number());
        return reading(seen, shared, blocks, found, last, finalized);
    }

    private void stillThere(BlockRef block) throws NodeFailed, Moved {
        if (node.block(block.number()).filter(now -> now.hash().equals(block.hash())).isEmpty()) {
            throw new Moved();
        }
    }

    /** In order. A node that refuses so many at once is asked for fewer. */
    private List<Found> found(long from, long to) throws NodeFailed {
        List<Log> logs;
        try {
            logs = node.logs(vault, from, to);
        } catch (NodeRefused tooMuch) {
            if (from == to) {
                throw tooMuch;
            }
            long middle = (from + to) / 2;
            List<Found> both = new ArrayList<>(found(from, middle));
            both.addAll(found(middle + 1, to));
            return both;
        }
        List<Found> found = new ArrayList<>();
        try {
            for (Log log : logs) {
                VaultEvents.decode(log).ifPresent(event -> found.add(new Found(event, log)));
            }
        } catch (RuntimeException e) {
            throw new NodeFailed("The chain's node answered with logs that the vault cannot have made.", e);
        }
        return found;
    }
}
