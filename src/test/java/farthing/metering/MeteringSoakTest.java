package farthing.metering;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import farthing.MoneyOracle;
import farthing.identity.Caller;
import farthing.ledger.Account;
import farthing.metering.FaultyDatabase.Fault;
import farthing.receipt.ReceiptId;
import io.quarkus.runtime.ShutdownEvent;

/**
 * Random calls on two instances of one database that keeps failing; then the books. Seed and length are the system properties
 * {@code farthing.soak-seed} and {@code farthing.soak-seconds}; the seed replays the calls and faults, not the threads' order.
 */
@Timeout(7200)
class MeteringSoakTest {

    private static final int CALLERS = 12;
    private static final long FUNDS = 200_000;
    private static final int ENOUGH = 100;
    private static final Duration MOST = Duration.ofSeconds(60);

    private final long seed = Long.getLong("farthing.soak-seed", System.nanoTime());
    private final Duration length = Duration.ofSeconds(Long.getLong("farthing.soak-seconds", 6));
    /** Calls that were answered; each must be charged once. */
    private final Set<ReceiptId> answered = ConcurrentHashMap.newKeySet();
    /** Calls that ended without an answer or with the word that they were not charged; none may be charged. */
    private final Set<ReceiptId> free = ConcurrentHashMap.newKeySet();
    /** Calls that were told that nobody knows; each must be given back if it was charged. */
    private final Set<ReceiptId> unknown = ConcurrentHashMap.newKeySet();
    /** The same with an answer kept for a retry: those may be charged. */
    private final Set<ReceiptId> retriable = ConcurrentHashMap.newKeySet();
    private final ConcurrentLinkedQueue<Throwable> surprises = new ConcurrentLinkedQueue<>();

    @Test
    void theBooksAreRightAfterRandomCallsAndFaults() throws Exception {
        System.out.println("metering soak: -Dfarthing.soak-seed=" + seed);
        try (Calls calls = new Calls(FUNDS, settings(700))) {
            FaultyDatabase otherFaults = new FaultyDatabase(calls.source);
            Metering other = calls.instance(otherFaults.source(), settings(300));
            List<FaultyDatabase> faulty = List.of(calls.faulty, otherFaults);
            List<Metering> both = List.of(calls.metering, other);
            long began = System.nanoTime();
            BooleanSupplier goesOn = () -> goesOnAfter(Duration.ofNanos(System.nanoTime() - began));
            try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                List<Future<?>> running = new ArrayList<>();
                for (int i = 0; i < CALLERS; i++) {
                    Random random = new Random(seed + i);
                    Caller caller = calls.caller();
                    running.add(threads.submit(() -> call(both, caller, random, goesOn)));
                }
                running.add(threads.submit(() -> disturb(calls, both, faulty, new Random(seed - 1), goesOn)));
                for (Future<?> each : running) {
                    each.get();
                }
            }
            faulty.forEach(FaultyDatabase::heal);
            both.forEach(Metering::tidy);
            other.stop(new ShutdownEvent());
            calls.metering.stop(new ShutdownEvent());
            assertThat(surprises).isEmpty();
            check(calls);
        }
    }

    /** So impatient that callers do not wait out the faults. */
    private static Calls.Settings settings(long leaseChunk) {
        return new Calls.Settings(Duration.ofMillis(200), leaseChunk).recalling(Duration.ofSeconds(2));
    }

    /** Where everything is slow, until enough happened. */
    private boolean goesOnAfter(Duration passed) {
        return passed.compareTo(length) < 0 || answered.size() <= ENOUGH && passed.compareTo(MOST) < 0;
    }

    private void call(List<Metering> both, Caller caller, Random random, BooleanSupplier goesOn) {
        while (goesOn.getAsBoolean()) {
            Metering metering = both.get(random.nextInt(2));
            try {
                if (random.nextInt(4) == 0) {
                    idempotent(metering, caller, random);
                } else {
                    plain(metering, caller, random);
                }
            } catch (MeteringUnavailable | BudgetExhausted | BudgetHeldElsewhere | CallUnderWay expected) {
                // Nothing had run, so nothing may be charged; the books tell.
            } catch (RuntimeException | Error e) {
                surprises.add(e);
            }
        }
    }

    private void plain(Metering metering, Caller caller, Random random) {
        int out = random.nextInt(50);
        try (Reservation call = metering.reserveGeneration(caller, Calls.LISTING, 5, random.nextBoolean() ? 50 : null, 60)) {
            if (random.nextInt(5) == 0) {
                free.add(call.receipt());
            } else {
                charge(call, Math.min(out, call.maxOutputTokens()), null);
            }
        }
    }

    private void idempotent(Metering metering, Caller caller, Random random) {
        String key = "key " + random.nextInt(20);
        byte[] request = Calls.bytes(key);
        switch (metering.claim(caller, key, request)) {
            case Claim.Answered again -> {
                assertThat(new String(again.answer(), StandardCharsets.UTF_8)).isEqualTo(key);
                answered.add(again.charged().receipt());
            }
            case Claim.Fresh fresh -> {
                try (fresh; Reservation call = metering.reserve(caller, Calls.LISTING, 0, 1)) {
                    charge(call, 0, fresh.replay("text/plain", request));
                }
            }
        }
    }

    private void charge(Reservation call, int out, @Nullable Replay replay) {
        try {
            answered.add(call.charge(Calls.consumed(0, out), replay).receipt());
        } catch (NotCharged e) {
            Set<ReceiptId> as = !e.code().equals("outcome_unknown") ? free : replay == null ? unknown : retriable;
            as.add(call.receipt());
        }
    }

    /** Breaks connections and databases, lets time pass, and lets instances recover each other's leases. */
    private void disturb(Calls calls, List<Metering> both, List<FaultyDatabase> faulty, Random random,
            BooleanSupplier goesOn) {
        Fault[] faults = Fault.values();
        try {
            while (goesOn.getAsBoolean()) {
                FaultyDatabase database = faulty.get(random.nextInt(2));
                switch (random.nextInt(6)) {
                    case 0 -> database.down();
                    case 1 -> database.throwInWriter(new StackOverflowError("as a test"));
                    case 2 -> database.always(writer -> random.nextInt(8) == 0 ? faults[random.nextInt(4)] : Fault.NONE);
                    default -> database.nextCommits(faults[random.nextInt(faults.length)]);
                }
                Duration passes = Duration.ofSeconds(random.nextInt(9));
                calls.clock.advance(passes);
                calls.unseenFor(passes);
                Thread.sleep(random.nextInt(150));
                for (Metering metering : both) {
                    try {
                        metering.beat();
                        metering.tidy();
                    } catch (RuntimeException | StackOverflowError away) {
                        // As the scheduler does: the next time will do. What the writer is to throw a reversal may meet.
                    }
                }
                Thread.sleep(random.nextInt(600));
                database.heal();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void check(Calls calls) throws SQLException {
        Set<ReceiptId> written = receipts(calls, "usage");
        Set<ReceiptId> charged = receipts(calls, "standing_usage");
        System.out.println(
                "metering soak: " + answered.size() + " answered, " + free.size() + " free, " + unknown.size() + " and "
                        + retriable.size() + " unknown, " + (written.size() - charged.size()) + " given back");
        assertThat(charged).as("answered calls are charged").containsAll(answered);
        assertThat(written).as("free calls are not even written").doesNotContainAnyElementsOf(free);
        charged.removeAll(answered);
        assertThat(retriable).as("charged without an answer yet").containsAll(charged);
        assertThat(calls.openLeases()).isZero();
        assertThat(calls.balance(Account.leased(calls.line))).isZero();
        assertThat(FUNDS - calls.left()).isEqualTo(
                calls.number("select coalesce(sum(charge), 0) from standing_usage where line = " + calls.line.value()));
        assertThat(answered).as("enough happened").hasSizeGreaterThan(ENOUGH);
        MoneyOracle.check(calls.source);
    }

    private static Set<ReceiptId> receipts(Calls calls, String table) {
        return calls.database.read(connection -> {
            Set<ReceiptId> receipts = new HashSet<>();
            try (var row = connection.createStatement()
                    .executeQuery("select receipt from " + table + " where line = " + calls.line.value())) {
                while (row.next()) {
                    receipts.add(new ReceiptId(row.getObject(1, UUID.class)));
                }
            }
            return receipts;
        });
    }
}
