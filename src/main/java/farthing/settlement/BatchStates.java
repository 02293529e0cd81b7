package farthing.settlement;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;

import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

import farthing.chain.ChainLog;
import farthing.chain.Deployment;
import farthing.chain.Logged;
import farthing.chain.Transactions;
import farthing.chain.Transactions.Sent;
import farthing.chain.VaultEvent;
import farthing.receipt.History;

/**
 * What has become of the batches, said anew from outbox and chain each time it is asked, since a re-org or a
 * restored older chain may take anything back. A batch that cannot come onto the chain any more is given up with
 * all that was built on it; one that was given up and stands on the chain after all counts again.
 */
final class BatchStates {

    private static final Logger LOG = Logger.getLogger(BatchStates.class);

    /** What the vault will say of the same batch for ever. Anything else, a pause for one, passes. */
    private static final Set<String> FOR_EVER = Set.of("OverLimit", "WrongSequence", "WrongHistory", "Uncovered",
            "MalformedBatch", "BatchTooLarge", "RowsNotAscending", "CreditsNotAscending");

    /** Looks in a row before somebody is told. */
    private static final int LOST = 10;

    private final ChainLog log;
    private final Transactions transactions;
    private final Deployment deployment;
    private final Books books;
    private final Clock clock;
    private volatile int lost;

    BatchStates(ChainLog log, Transactions transactions, Deployment deployment, Books books, Clock clock) {
        this.log = log;
        this.transactions = transactions;
        this.deployment = deployment;
        this.books = books;
        this.clock = clock;
    }

    /** Brings the rows and the books in line with the chain. */
    void reconcile(Connection connection) throws SQLException {
        boolean settled;
        do {
            Deque<Batch> undecided = look(connection);
            List<Logged<?>> events = log.batchesFrom(connection, undecided.isEmpty() ? 1 : undecided.getFirst().seq());
            settled = !giveUp(connection, undecided, events) && !takeBack(connection, events);
        } while (!settled);
    }

    /** The batches that may change, oldest first: those behind a final one that is still final are as they were. */
    private Deque<Batch> look(Connection connection) throws SQLException {
        Deque<Batch> undecided = new ArrayDeque<>();
        Optional<Batch> next = BatchRows.newestLive(connection);
        while (next.isPresent()) {
            Batch before = next.get();
            Optional<Sent> sent = transactions.find(connection, before.purpose());
            Batch now = sent.map(before::as).orElse(before);
            BatchRows.changed(connection, before, now);
            undecided.addFirst(now);
            if (before.state() == BatchState.FINAL && now.state() == BatchState.FINAL) {
                break;
            }
            next = BatchRows.newestLiveBelow(connection, before.seq());
        }
        return undecided;
    }

    private record Hopeless(BatchState state, @Nullable String why) {
    }

    /** True when batches were given up: the oldest that has no hope, and first all that were built on it. */
    private boolean giveUp(Connection connection, Deque<Batch> undecided, List<Logged<?>> events) throws SQLException {
        for (Batch batch : undecided) {
            Hopeless hopeless = hopeless(connection, batch, events);
            if (hopeless == null) {
                continue;
            }
            for (Batch later : new ArrayList<>(undecided).reversed()) {
                if (later.seq() > batch.seq()) {
                    // Signed or not, it names a history that will not be.
                    transactions.withdraw(connection, later.purpose());
                    release(connection, later, BatchState.RELEASED, "it was built on batch " + batch.seq());
                }
            }
            release(connection, batch, hopeless.state, hopeless.why);
            return true;
        }
        return false;
    }

    private @Nullable Hopeless hopeless(Connection connection, Batch batch, List<Logged<?>> events) throws SQLException {
        if (batch.state().isOnChain()) {
            boolean voided = events.stream().anyMatch(logged -> logged.finalized()
                    && logged.event() instanceof VaultEvent.Voided its && its.voided() == batch.seq());
            return voided ? new Hopeless(BatchState.VOIDED, "voided by the guardian") : null;
        }
        Sent sent = transactions.find(connection, batch.purpose()).orElse(null);
        if (sent == null || sent.fault() == null) {
            return null;
        }
        boolean reverted = sent.state() == Transactions.State.REVERTED && sent.finalized();
        boolean refused = sent.state() == Transactions.State.QUEUED
                && FOR_EVER.contains(sent.fault().replaceFirst("\\(.*", ""))
                && transactions.withdraw(connection, batch.purpose());
        return reverted || refused ? new Hopeless(BatchState.RELEASED, sent.fault()) : null;
    }

    private void release(Connection connection, Batch batch, BatchState state, @Nullable String why) throws SQLException {
        books.reverse(connection, batch, clock.instant());
        Database.update(connection, """
                update settled_lease s set next_seq = t.first_seq
                from (select lease, min(first_seq) as first_seq from batch_section where batch = ? group by lease) t
                where s.lease = t.lease""", batch.id());
        Database.update(connection, """
                update lease set settled = false where settled and id in (select lease from batch_section where batch = ?)""",
                batch.id());
        Database.update(connection, "update batch set state = ?, fault = ? where id = ?", state.name(), why, batch.id());
        LOG.warnf("batch %d is given up (%s); its %d receipts go into another", batch.seq(), why, batch.receipts());
    }

    /** True when a batch counts again that was given up and is on the chain after all. */
    private boolean takeBack(Connection connection, List<Logged<?>> events) throws SQLException {
        Optional<Batch> newest = BatchRows.newestLive(connection);
        if (newest.isPresent() && !newest.get().state().isOnChain()) {
            return false;
        }
        Deque<VaultEvent.Posted> live = unvoided(events);
        long after = newest.map(Batch::seq).orElse(0L);
        for (VaultEvent.Posted posted : live) {
            if (posted.seq() > after) {
                Optional<Batch> given = BatchRows.givenUp(connection, posted.seq(), hash(posted.historyHash()));
                return given.isPresent() && revive(connection, given.get());
            }
        }
        return false;
    }

    private boolean revive(Connection connection, Batch batch) throws SQLException {
        Optional<Sent> sent = transactions.find(connection, batch.purpose());
        boolean taken = !Database.list(connection, row -> row.getLong(1), """
                select s.lease from batch_section t join settled_lease s on s.lease = t.lease
                where t.batch = ? and s.next_seq > t.first_seq limit 1""", batch.id()).isEmpty();
        if (sent.isEmpty() || taken) {
            return false;
        }
        Database.update(connection, "update batch set state = 'SENT', bookings = bookings + 1 where id = ?", batch.id());
        Batch again = BatchRows.batches(connection, " where id = ?", batch.id()).getFirst();
        books.book(connection, again, clock.instant());
        Database.update(connection, """
                insert into settled_lease (lease, next_seq)
                select lease, max(first_seq + count) from batch_section where batch = ? group by lease
                on conflict (lease) do update set next_seq = excluded.next_seq""", batch.id());
        BatchRows.changed(connection, again, again.as(sent.get()));
        LOG.warnf("batch %d was given up and is on the chain after all: it counts again", batch.seq());
        return true;
    }

    /**
     * Where the next batch begins; empty while a batch is under way or a void is not final, and when the chain
     * holds a batch that is none of ours.
     */
    Optional<Tip> tip(Connection connection, Optional<Batch> newest) throws SQLException {
        if (log.position(connection).isEmpty() || newest.isPresent() && !newest.get().state().isOnChain()) {
            return Optional.empty();
        }
        List<Logged<?>> events = log.batchesFrom(connection, newest.map(Batch::seq).orElse(1L));
        Deque<VaultEvent.Posted> live = unvoided(events);
        boolean ours = newest.isPresent()
                ? live.size() == 1 && live.getFirst().seq() == newest.get().seq()
                        && Arrays.equals(hash(live.getFirst().historyHash()), newest.get().historyHash())
                : live.isEmpty();
        if (!ours) {
            // Just mined and not mirrored yet, or a void on its way; if not, somebody has to look.
            if (++lost == LOST) {
                LOG.warn("the chain's newest batch is none of ours, or is being voided: no batch is built while this is so."
                        + " If it stays so, this database is older than the chain, or another one posts with the same key.");
            }
            return Optional.empty();
        }
        lost = 0;
        if (events.isEmpty()) {
            return Optional.of(new Tip(0, 0, History.genesis(deployment.chainId(), deployment.vault())));
        }
        long parent = newest.map(Batch::seq).orElse(0L);
        return Optional.of(switch (events.getLast().event()) {
            case VaultEvent.Posted posted -> new Tip(posted.seq(), parent, hash(posted.historyHash()));
            case VaultEvent.Voided voided -> new Tip(voided.seq(), parent, hash(voided.historyHash()));
            default -> throw new IllegalStateException("neither posted nor voided: " + events.getLast());
        });
    }

    /**
     * The batches that no void has taken back, oldest first. A void counts before it is final too: for the vault the voided
     * batch is no more the parent of the next one.
     */
    private static Deque<VaultEvent.Posted> unvoided(List<Logged<?>> events) {
        Deque<VaultEvent.Posted> live = new ArrayDeque<>();
        for (Logged<?> logged : events) {
            if (logged.event() instanceof VaultEvent.Posted posted) {
                live.addLast(posted);
            } else if (logged.event() instanceof VaultEvent.Voided voided) {
                live.removeIf(posted -> posted.seq() == voided.voided());
            }
        }
        return live;
    }

    /** Whether the chain's newest batch has been none of ours for a while. */
    boolean astray() {
        return lost >= LOST;
    }

    private static byte[] hash(String hex) {
        return HexFormat.of().parseHex(hex, hex.startsWith("0x") ? 2 : 0, hex.length());
    }
}
