package farthing.payment;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.util.List;
import java.util.Optional;

import javax.sql.DataSource;

import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

import farthing.chain.Address;
import farthing.chain.ChainAdvanced;
import farthing.chain.ChainLog;
import farthing.identity.Lines;
import farthing.ledger.Ledger;
import farthing.ledger.LineId;
import farthing.metering.FreezeReason;
import farthing.metering.Metering;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled;

/** Keeps the books of lines up with the chain. */
@Singleton
class LineKeeper {

    private static final Logger LOG = Logger.getLogger(LineKeeper.class);
    /** After the demo people, whose accounts have their names by then. */
    private static final int AFTER_PEOPLE = 200;

    private static final int AT_A_TIME = 500;

    private final LineBooks books;
    private final Lines lines;
    private final Metering metering;
    /** Which of the known lines is looked at next. */
    private volatile int next;

    LineKeeper(DataSource source, ChainLog chain, Ledger ledger, Lines lines, Metering metering,
            Clock clock) {
        this.lines = lines;
        this.metering = metering;
        this.books = new LineBooks(source, chain, ledger, new Owners(), this::set, clock);
    }

    void start(@Observes @Priority(AFTER_PEOPLE) StartupEvent event) {
        all();
    }

    void advanced(@Observes ChainAdvanced event) {
        event.lines().forEach(line -> reconcile(new LineId(line)));
    }

    private void all() {
        known().forEach(this::reconcile);
    }

    /**
     * Belt and braces, some lines at a time, so that the database is not kept busy however many there are; and every time what
     * a
     * line could not give back when its deposit was lost.
     */
    @Scheduled(every = "30s", delayed = "30s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    void some() {
        try {
            books.lost().forEach(this::reconcile);
        } catch (SQLException e) {
            LOG.error("cannot look which lines have lost deposits; trying again in 30 seconds", e);
        }
        List<LineId> known = known();
        int from = next < known.size() ? next : 0;
        int to = Math.min(from + AT_A_TIME, known.size());
        known.subList(from, to).forEach(this::reconcile);
        next = to;
    }

    private List<LineId> known() {
        try {
            return books.known();
        } catch (SQLException e) {
            LOG.error("cannot look which lines there are; trying again in 30 seconds", e);
            return List.of();
        }
    }

    private void reconcile(LineId line) {
        try {
            books.reconcile(line);
        } catch (SQLException | RuntimeException e) {
            LOG.errorf(e, "cannot book what the chain says of line %s; trying again within 30 seconds", line);
        }
    }

    private void set(Connection connection, LineId line, @Nullable FreezeReason reason) throws SQLException {
        if (reason == null) {
            metering.thaw(connection, line);
        } else {
            metering.freeze(connection, line, reason);
        }
    }

    private final class Owners implements LineBooks.Owners {

        @Override
        public void adopt(LineId line, Address owner) {
            lines.adopt(line, owner, "line " + line);
        }

        @Override
        public Optional<Address> walletOf(LineId line) {
            return lines.walletOf(line);
        }
    }
}
