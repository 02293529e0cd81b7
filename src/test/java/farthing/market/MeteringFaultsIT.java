package farthing.market;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import farthing.MoneyOracle;
import farthing.market.Client.Wish;
import farthing.market.Journal.Outcome;
import farthing.market.MockModel.Deed;

/**
 * Two servers under load, and everything that may happen to them, to their database, to their clients and to what they call.
 * After each fault one oracle looks at the books and compares them with what the clients wrote down. Each fault
 * happens a few times, or, with the system property {@code farthing.soak-whole}, as often as anybody may want; a property of
 * its own sets how often one of them does. Moments and calls follow {@code farthing.soak-seed}, the threads' order does not.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(7200)
// The long ones first.
@Order(2)
class MeteringFaultsIT {

    private static final boolean WHOLE = Boolean.getBoolean("farthing.soak-whole");
    private static final int CALLERS = 12;
    /** Micro-units on each line: more than is ever spent. */
    private static final long PLENTY = 20_000_000;

    private final long seed = Long.getLong("farthing.soak-seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final Journal journal = new Journal();
    private final Path folder;
    private SmallDisk disk;
    private TwoServers servers;
    private Client client;
    private final List<Journal.Key> keys = new ArrayList<>();

    MeteringFaultsIT(@TempDir Path folder) {
        this.folder = folder;
    }

    private static int times(String fault, int few, int whole) {
        return Integer.getInteger("farthing.soak-" + fault, WHOLE ? whole : few);
    }

    private static void say(String what, Object... values) {
        System.out.printf("metering faults: " + what + "%n", values);
    }

    @BeforeAll
    void start() throws Exception {
        say("-Dfarthing.soak-seed=%d", seed);
        disk = SmallDisk.at(folder.resolve("disk"), 400);
        servers = new TwoServers(folder, folder.resolve("disk/postgres"), Map.of());
        servers.start();
        client = new Client(journal, TwoServers.MODEL, Duration.ofSeconds(120));
        for (int line : new int[] { servers.line(PLENTY), servers.line(PLENTY) }) {
            for (int i = 0; i < CALLERS / 4; i++) {
                keys.add(i % 2 == 0 ? servers.key(line) : servers.limitedKey(line));
            }
        }
        // What is timed below is not how long classes take to load.
        try (Traffic traffic = traffic(MeteringFaultsIT::ordinary)) {
            traffic.await(0, 20, TwoServers.PATIENCE);
            traffic.await(1, 20, TwoServers.PATIENCE);
        }
    }

    @AfterAll
    void end() throws Exception {
        try {
            if (servers != null) {
                servers.close();
            }
        } finally {
            disk.close();
        }
    }

    /** What an ordinary caller wants. */
    private static Wish ordinary(Random random) {
        return switch (random.nextInt(12)) {
            case 0, 1 -> new Wish(Deed.ANSWERS, false, false, UUID.randomUUID().toString());
            case 2 -> new Wish(Deed.ANSWERS, true, false, UUID.randomUUID().toString());
            case 3 -> new Wish(Deed.DAWDLES, true, false, null);
            case 4, 5, 6, 7 -> new Wish(Deed.ANSWERS, true, false, null);
            default -> Wish.PLAIN;
        };
    }

    /** What a caller wants of an upstream that cannot be relied on, and who cannot be relied on either. */
    private static Wish unreliable(Random random) {
        Deed deed = Deed.values()[random.nextInt(Deed.values().length)];
        if (deed == Deed.HANGS && random.nextInt(5) > 0) {
            // Rare, since it costs its caller all of the silence that servers put up with.
            deed = Deed.ANSWERS;
        }
        boolean stream = random.nextBoolean();
        return new Wish(deed, stream, stream && deed == Deed.DAWDLES && random.nextInt(4) > 0, null);
    }

    private Traffic traffic(Function<Random, Wish> wishes) {
        return new Traffic(client, 2, servers::uri, keys, CALLERS, random.nextLong(), wishes);
    }

    /** That every hold has ended takes a minute where a claim was lost; a few faults wait for that once, in the end. */
    private void checkNow() throws SQLException {
        if (WHOLE) {
            servers.checkQuiet(journal);
        } else {
            servers.check(journal);
        }
    }

    @Test
    @Order(1)
    void aBalanceForFiftyCallsServesFiftyOfAHundred() throws Exception {
        int number = 2_000;
        int line = servers.payer.openLine(1, 1);
        journal.ignore(line);
        servers.awaitSpendable(line, 1_000);
        Journal.Key key = servers.key(line);
        ExecutorService callers = Executors.newFixedThreadPool(100);
        try (Connection database = servers.postgres.connect()) {
            MoneyOracle oracle = new MoneyOracle(database);
            long deposited = 1;
            for (int round = 1; round <= times("fifties", 1, 50); round++) {
                long missing = 50L * number / 1000 - (round == 1 ? 1 : 0);
                servers.payer.deposit(line, missing);
                deposited += missing;
                servers.payer.raise(line, deposited);
                servers.awaitSpendable(line, 50L * number);

                List<Callable<Journal.Call>> calls = IntStream.range(0, 100).<Callable<Journal.Call>> mapToObj(
                        i -> () -> client.callUncounted(servers.uri(i % 2), key, Wish.PLAIN, number))
                        .toList();
                Map<String, Long> answers = callers.invokeAll(calls).stream().map(Future::resultNow)
                        .collect(Collectors.groupingBy(call -> call.status() + call.said(), Collectors.counting()));

                assertThat(answers).as("round %d, seed %d", round, seed)
                        .isEqualTo(Map.of("200", 50L, "402insufficient_funds", 50L));
                assertThat(oracle.number("select count(*) from standing_usage where line = " + line)).isEqualTo(50L * round);
                oracle.assertBooksBalance();
                say("exactly fifty of a hundred served, %d times", round);
            }
        } finally {
            callers.shutdownNow();
        }
    }

    @Test
    @Order(2)
    void theSameKeyAHundredTimesAtOnceIsOneCall() throws Exception {
        ExecutorService callers = Executors.newFixedThreadPool(100);
        try {
            for (int round = 0; round < times("keys", 2, 50); round++) {
                Wish wish = new Wish(Deed.ANSWERS, round % 2 == 1, false, UUID.randomUUID().toString());
                Journal.Number number = keys.getFirst().next();
                List<Callable<Journal.Call>> calls = IntStream.range(0, 100).<Callable<Journal.Call>> mapToObj(
                        i -> () -> client.call(servers.uri(i % 2), keys.getFirst(), wish, number)).toList();
                List<Journal.Call> answers = callers.invokeAll(calls).stream().map(Future::resultNow).toList();

                assertThat(answers).allMatch(call -> call.status() == 200 || call.said().equals("call_under_way"));
                Set<UUID> receipts = answers.stream().filter(call -> call.status() == 200).map(Journal.Call::receipt)
                        .collect(Collectors.toSet());
                assertThat(receipts).hasSize(1);
                assertThat(client.call(servers.uri(round % 2), keys.getFirst(), wish, number).receipt())
                        .as("asked once more").isEqualTo(receipts.iterator().next());
            }
        } finally {
            callers.shutdownNow();
        }
        servers.check(journal);
    }

    @Test
    @Order(3)
    void whatUpstreamsAndClientsBreakOffIsFreeOrPaidOnce() throws Exception {
        try (Traffic traffic = traffic(MeteringFaultsIT::unreliable)) {
            for (int round = 0; round < times("breaks", 1, 40); round++) {
                traffic.await(0, 25, TwoServers.PATIENCE);
                traffic.await(1, 25, TwoServers.PATIENCE);
            }
        }
        checkNow();
        say("of upstreams and clients that break off: %d left, free: %s", journal.count(Outcome.LEFT),
                journal.said(Outcome.FREE));
        assertThat(journal.count(Outcome.LEFT)).isPositive();
        assertThat(journal.said(Outcome.FREE)).containsKey("engine_failed");
    }

    @Test
    @Order(4)
    void aConfirmationThatIsLostLosesAndDoublesNothing() throws Exception {
        int wanted = times("cuts", 6, 500);
        try (Traffic traffic = traffic(MeteringFaultsIT::ordinary)) {
            Random fates = new Random(random.nextLong());
            for (DatabaseWay way : servers.ways) {
                int before = way.lost();
                way.confirmations(ofCharges -> {
                    synchronized (fates) {
                        return fates.nextInt(10) == 0 ? DatabaseWay.Fate.CUT : DatabaseWay.Fate.ARRIVES;
                    }
                });
                try {
                    for (int lost = 0; lost < wanted; lost = way.lost() - before) {
                        int more = way.lost() + Math.min(50, wanted - lost);
                        servers.server(0).await("confirmations to be lost", () -> way.lost() >= more);
                        say("%d confirmations lost", way.lost() - before);
                    }
                } finally {
                    way.heal();
                }
            }
            traffic.await(0, 20, TwoServers.PATIENCE);
            traffic.await(1, 20, TwoServers.PATIENCE);
        }
        checkNow();
        say("%d confirmations lost; of unknown outcome: %d", servers.ways.stream().mapToInt(DatabaseWay::lost).sum(),
                journal.count(Outcome.UNKNOWN));
    }

    @Test
    @Order(5)
    void whatNobodyKnewOfIsTakenBackAlsoAfterAKill() throws Exception {
        for (int round = 1; round <= times("doubts", 1, 10); round++) {
            try (Traffic traffic = traffic(MeteringFaultsIT::ordinary)) {
                traffic.await(0, 20, TwoServers.PATIENCE);
                long before = journal.count(Outcome.UNKNOWN);
                servers.ways.getFirst()
                        .confirmations(ofCharges -> ofCharges ? DatabaseWay.Fate.CUT_AND_SHUT : DatabaseWay.Fate.ARRIVES);
                servers.server(1).await("calls of unknown outcome", () -> journal.count(Outcome.UNKNOWN) > before);
                if (round % 2 == 1) {
                    servers.server(0).killGroup();
                    servers.ways.getFirst().heal();
                    servers.startAgain(0, Map.of());
                    servers.awaitAnswer(0);
                } else {
                    // So long that the other one takes it for dead, and settles what it can.
                    Thread.sleep(10_000);
                    servers.ways.getFirst().heal();
                }
                traffic.await(0, 20, TwoServers.PATIENCE);
            } finally {
                servers.ways.getFirst().heal();
            }
            servers.checkQuiet(journal);
            say("in doubt %d times, %d calls of unknown outcome", round, journal.count(Outcome.UNKNOWN));
        }
    }

    @Test
    @Order(6)
    void aDatabaseThatIsStoppedImmediatelyLosesNothing() throws Exception {
        try (Traffic traffic = traffic(MeteringFaultsIT::ordinary)) {
            for (int stop = 1; stop <= times("stops", 1, 20); stop++) {
                traffic.await(random.nextInt(2), 20 + random.nextInt(30), TwoServers.PATIENCE);
                servers.postgres.stopImmediately();
                Thread.sleep(random.nextInt(500));
                servers.postgres.startAgain();
                traffic.await(0, 10, TwoServers.PATIENCE);
                traffic.await(1, 10, TwoServers.PATIENCE);
                servers.check(journal);
                say("PostgreSQL stopped immediately %d times, %d calls acknowledged", stop,
                        journal.count(Outcome.ACKNOWLEDGED));
            }
        }
        checkNow();
    }

    @Test
    @Order(7)
    void aFullDiskLosesNothing() throws Exception {
        assumeThat(disk.isSmall()).as("only root may mount a small disk").isTrue();
        for (int round = 1; round <= times("disks", 1, 10); round++) {
            try (Traffic traffic = traffic(MeteringFaultsIT::ordinary)) {
                traffic.await(0, 10, TwoServers.PATIENCE);
                long before = journal.count(Outcome.FREE);
                disk.fill();
                servers.server(0).await("calls to fail on the full disk", () -> journal.count(Outcome.FREE) > before);
                Thread.sleep(random.nextInt(1_000));
                disk.free();
                if (!servers.postgres.runs()) {
                    servers.postgres.startAgain();
                }
                traffic.await(0, 10, TwoServers.PATIENCE);
                traffic.await(1, 10, TwoServers.PATIENCE);
            }
            checkNow();
            say("the disk was full %d times", round);
        }
    }

    @Test
    @Order(8)
    void aServerThatStallsIsFencedAndGoesOn() throws Exception {
        Duration stall = Duration.ofSeconds(times("stall-seconds", 4, 60));
        try (Connection database = servers.postgres.connect()) {
            MoneyOracle oracle = new MoneyOracle(database);
            String recovered = "select count(*) from lease where state = 'RECOVERED'";
            for (int round = 1; round <= times("stalls", 1, 5); round++) {
                try (Traffic traffic = traffic(MeteringFaultsIT::ordinary)) {
                    traffic.await(0, 20 + random.nextInt(20), TwoServers.PATIENCE);
                    long before = oracle.number(recovered);
                    long until = System.nanoTime() + stall.toNanos();
                    servers.server(0).signal("STOP");
                    try {
                        servers.server(1).await("its leases to be recovered", () -> oracle.number(recovered) > before);
                        Thread.sleep(Math.max(0, (until - System.nanoTime()) / 1_000_000));
                        servers.check(journal);
                    } finally {
                        servers.server(0).signal("CONT");
                    }
                    traffic.await(0, 20, TwoServers.PATIENCE);
                }
                checkNow();
                say("stalled %d times for %s; free: %s", round, stall, journal.said(Outcome.FREE));
            }
        }
    }

    @Test
    @Order(9)
    void aServerKilledUnderLoadLosesAndDoublesNothing() throws Exception {
        try (Traffic traffic = traffic(MeteringFaultsIT::ordinary)) {
            for (int kill = 1; kill <= times("kills", 1, 50); kill++) {
                int victim = kill % 2;
                traffic.await(victim, 20 + random.nextInt(60), TwoServers.PATIENCE);
                servers.server(victim).killGroup();
                servers.startAgain(victim, Map.of());
                traffic.await(1 - victim, 20, TwoServers.PATIENCE);
                servers.check(journal);
                servers.awaitAnswer(victim);
                say("killed %d times, %d calls acknowledged, %d broken off", kill, journal.count(Outcome.ACKNOWLEDGED),
                        journal.count(Outcome.BROKEN));
            }
        }
        checkNow();
    }

    @Test
    @Order(10)
    void clocksThatAreWrongByAnHourChangeNothing() throws Exception {
        Instant begun = Instant.now().minusSeconds(10);
        long earlier = servers.chargedBefore(begun);
        try (Traffic traffic = traffic(MeteringFaultsIT::ordinary)) {
            for (int jump = 1; jump <= times("jumps", 1, 10); jump++) {
                for (int hours : new int[] { 1, -1, 0 }) {
                    Map<String, Long> free = journal.said(Outcome.FREE);
                    servers.clock(0, Duration.ofHours(hours));
                    servers.clock(1, Duration.ofHours(-hours));
                    // What is awaited then was begun after the jump, and the database was asked since.
                    Thread.sleep(1_500);
                    servers.awaitWritten("this server's clock differs by");
                    traffic.await(0, 20, TwoServers.PATIENCE);
                    traffic.await(1, 20, TwoServers.PATIENCE);
                    assertThat(journal.said(Outcome.FREE)).as("calls that failed, also of a model that was just listed")
                            .isEqualTo(free);
                    assertThat(servers.chargedBefore(begun)).as("calls charged at a time long ago").isEqualTo(earlier);
                    assertThat(servers.chargedAhead()).as("calls charged at a time to come").isZero();
                    servers.check(journal);
                }
                say("clocks jumped %d times", 3 * jump);
            }
        }
        checkNow();
    }

    @Test
    @Order(11)
    void inTheEndEverythingIsSettledOnce() throws Exception {
        servers.checkSettled(journal);
        assertThat(journal.said(Outcome.FREE)).as("what failed says why").doesNotContainKey("internal_error");
        say("%d calls acknowledged, all settled", journal.count(Outcome.ACKNOWLEDGED));
    }
}
