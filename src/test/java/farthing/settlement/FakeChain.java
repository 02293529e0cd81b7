package farthing.settlement;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

import org.jspecify.annotations.Nullable;

import farthing.chain.Address;
import farthing.chain.BlockRef;
import farthing.chain.Call;
import farthing.chain.ChainLog;
import farthing.chain.ChainPosition;
import farthing.chain.Keccak;
import farthing.chain.Logged;
import farthing.chain.SigningKey;
import farthing.chain.Transactions;
import farthing.chain.VaultEvent;
import farthing.money.Amount;
import farthing.receipt.History;

/**
 * A vault in memory with the rules of the real one, mirrored at once, and an outbox in the test's database, so that what is
 * queued is rolled back with everything else.
 */
final class FakeChain implements ChainLog, Transactions {

    static final long EPOCH = 60;
    private static final long MICRO = 1_000;

    static final class Refused extends RuntimeException {
        final String fault;

        Refused(String fault) {
            super(fault);
            this.fault = fault;
        }
    }

    static final class VaultLine {
        long deposited;
        long ceiling;
        long used;

        VaultLine copy() {
            VaultLine copy = new VaultLine();
            copy.deposited = deposited;
            copy.ceiling = ceiling;
            copy.used = used;
            return copy;
        }
    }

    record Credit(Address payee, long amount, long epoch, long batch) {
    }

    /** In micro-units. */
    static final class Vault {
        long seq;
        byte[] hash;
        final List<Long> live = new ArrayList<>();
        final Map<Long, byte[]> rowsOf = new HashMap<>();
        final Map<Integer, VaultLine> lines = new TreeMap<>();
        final List<Credit> credits = new ArrayList<>();
        final Map<Address, Long> withdrawn = new HashMap<>();
        long surplus;

        Vault(byte[] hash) {
            this.hash = hash;
        }

        VaultLine line(int line) {
            return Objects.requireNonNull(lines.get(line));
        }

        Vault copy() {
            Vault copy = new Vault(hash);
            copy.seq = seq;
            copy.live.addAll(live);
            copy.rowsOf.putAll(rowsOf);
            lines.forEach((line, its) -> copy.lines.put(line, its.copy()));
            copy.credits.addAll(credits);
            copy.withdrawn.putAll(withdrawn);
            copy.surplus = surplus;
            return copy;
        }

        long newestLive() {
            return live.isEmpty() ? 0 : live.getLast();
        }
    }

    interface Step {
        List<VaultEvent> on(Vault vault, long epoch);
    }

    record Mined(VaultEvent event, String transaction) {
    }

    record Block(BlockRef ref, Vault after, List<Mined> events, Map<String, Optional<String>> purposes) {
    }

    final List<Block> blocks = new ArrayList<>();
    long finalized;
    boolean paused;
    private Instant time = Instant.parse("2026-11-01T00:00:00Z");
    private int fork;

    FakeChain(long chainId, Address vault) {
        Vault empty = new Vault(History.genesis(chainId, vault));
        blocks.add(new Block(new BlockRef(0, "0x" + "00".repeat(32), time), empty, List.of(), Map.of()));
    }

    Vault vault() {
        return blocks.getLast().after;
    }

    void travel(Duration by) {
        time = time.plus(by);
    }

    /** A block with one thing that somebody else did. */
    void happens(Step step) {
        mine(Map.of(), List.of(step));
    }

    void opens(int line, Address owner, Amount deposit, Amount ceiling) {
        happens((vault, epoch) -> {
            VaultLine its = new VaultLine();
            vault.lines.put(line, its);
            return List.of(new VaultEvent.LineOpened(line, owner, owner));
        });
        deposits(line, owner, deposit);
        raises(line, ceiling);
    }

    void deposits(int line, Address owner, Amount amount) {
        happens((vault, epoch) -> {
            vault.line(line).deposited += amount.nanos() / MICRO;
            return List.of(new VaultEvent.Deposited(line, owner, amount));
        });
    }

    void raises(int line, Amount ceiling) {
        happens((vault, epoch) -> {
            vault.line(line).ceiling = ceiling.nanos() / MICRO;
            return List.of(new VaultEvent.CeilingRaised(line, ceiling));
        });
    }

    void voidsNewest() {
        happens((vault, epoch) -> {
            long voided = vault.live.removeLast();
            ByteBuffer rows = ByteBuffer.wrap(Objects.requireNonNull(vault.rowsOf.get(voided)));
            while (rows.hasRemaining()) {
                VaultLine line = vault.line(rows.getInt());
                long debit = rows.getLong();
                line.used -= debit;
                vault.surplus -= debit;
            }
            vault.credits.stream().filter(c -> c.batch == voided).forEach(c -> vault.surplus += c.amount);
            vault.credits.removeIf(c -> c.batch == voided);
            vault.seq++;
            vault.hash = History.afterVoid(vault.hash, vault.seq, voided);
            return List.of(new VaultEvent.Voided(vault.seq, voided, HexFormat.of().formatHex(vault.hash)));
        });
    }

    /** Everything that is mined becomes final. */
    void finalizes() {
        finalized = blocks.getLast().ref.number();
    }

    /** The chain as it was at that block, whatever was final. */
    void restores(int block) {
        while (blocks.size() > block + 1) {
            blocks.removeLast();
        }
        fork++;
        finalized = Math.min(finalized, block);
    }

    private void mine(Map<String, Step> own, List<Step> others) {
        time = time.plusSeconds(1);
        Vault vault = vault().copy();
        long epoch = time.getEpochSecond() / EPOCH;
        List<Mined> events = new ArrayList<>();
        Map<String, Optional<String>> purposes = new HashMap<>();
        String other = transaction("other " + blocks.size() + " " + fork);
        others.forEach(step -> step.on(vault, epoch).forEach(event -> events.add(new Mined(event, other))));
        own.forEach((purpose, step) -> {
            Vault tried = vault.copy();
            try {
                List<VaultEvent> its = step.on(tried, epoch);
                step.on(vault, epoch);
                its.forEach(event -> events.add(new Mined(event, transaction(purpose))));
                purposes.put(purpose, Optional.empty());
            } catch (Refused e) {
                purposes.put(purpose, Optional.of(e.fault));
            }
        });
        int number = blocks.size();
        blocks.add(new Block(new BlockRef(number, transaction("block " + number + " " + fork), time), vault, events, purposes));
    }

    private static String transaction(String name) {
        return "0x" + HexFormat.of().formatHex(Keccak.hash(name));
    }

    // The outbox

    static void createOutbox(Connection connection) throws SQLException {
        Database.update(connection, """
                create table fake_outbox (id bigint generated always as identity primary key, purpose text unique,
                    data bytea not null, signed boolean not null default false, fault text)""");
    }

    static Call post(long seq, byte[] prev, byte[] root, byte[] rows, byte[] credits) {
        return new Call(Address.of(new byte[20]), ByteBuffer.allocate(1 + 8 + 32 + 32 + 4 + rows.length + credits.length)
                .put((byte) 'p').putLong(seq).put(prev).put(root).putInt(rows.length).put(rows).put(credits).array());
    }

    static Call withdraw(Address payee) {
        return new Call(Address.of(new byte[20]), ("w" + payee).getBytes(StandardCharsets.UTF_8));
    }

    /** Signs what a dry run lets through, in order. */
    void signs(Database database) {
        database.inTransaction(connection -> {
            Vault vault = vault().copy();
            for (Row row : rows(connection)) {
                if (isMined(row.purpose)) {
                    continue;
                }
                try {
                    step(row.data).on(vault, time.getEpochSecond() / EPOCH);
                    Database.update(connection, "update fake_outbox set signed = true, fault = null where id = ?", row.id);
                } catch (Refused e) {
                    if (!row.signed) {
                        Database.update(connection, "update fake_outbox set fault = ? where id = ?", e.fault, row.id);
                        break;
                    }
                }
            }
            return true;
        });
    }

    /** Mines all that is signed, one block each, in order. */
    void mines(Database database) {
        List<Row> rows = database.read(FakeChain::rows);
        for (Row row : rows) {
            if (row.signed && !isMined(row.purpose)) {
                mine(Map.of(row.purpose, step(row.data)), List.of());
            }
        }
        if (rows.isEmpty()) {
            mine(Map.of(), List.of());
        }
    }

    private boolean isMined(String purpose) {
        return blocks.stream().anyMatch(block -> block.purposes.containsKey(purpose));
    }

    private record Row(long id, String purpose, byte[] data, boolean signed, @Nullable String fault) {
    }

    private static List<Row> rows(Connection connection) throws SQLException {
        return Database.list(connection,
                row -> new Row(row.getLong("id"), row.getString("purpose"), row.getBytes("data"), row.getBoolean("signed"),
                        row.getString("fault")),
                "select * from fake_outbox order by id");
    }

    private Step step(byte[] data) {
        if (data[0] == 'w') {
            Address payee = new Address(new String(data, 1, data.length - 1, StandardCharsets.UTF_8));
            return (vault, epoch) -> {
                long matured = vault.credits.stream().filter(c -> c.payee.equals(payee) && c.epoch + 2 <= epoch)
                        .mapToLong(Credit::amount).sum() - vault.withdrawn.getOrDefault(payee, 0L);
                if (matured == 0) {
                    throw new Refused("NothingMatured(" + payee + ")");
                }
                vault.withdrawn.merge(payee, matured, Long::sum);
                return List.of(new VaultEvent.Withdrawn(payee, payee, Amount.ofNanos(matured * MICRO)));
            };
        }
        return (vault, epoch) -> post(vault, epoch, ByteBuffer.wrap(data, 1, data.length - 1));
    }

    private List<VaultEvent> post(Vault vault, long epoch, ByteBuffer data) {
        long seq = data.getLong();
        byte[] prev = new byte[32];
        byte[] root = new byte[32];
        data.get(prev).get(root);
        byte[] rows = new byte[data.getInt()];
        data.get(rows);
        byte[] credits = new byte[data.remaining()];
        data.get(credits);
        if (paused) {
            throw new Refused("PostingPaused(1)");
        }
        if (seq != vault.seq + 1) {
            throw new Refused("WrongSequence(" + (vault.seq + 1) + ", " + seq + ")");
        }
        if (!Arrays.equals(prev, vault.hash)) {
            throw new Refused("WrongHistory()");
        }
        if (rows.length / 12 + credits.length / 28 > 2700) {
            throw new Refused("BatchTooLarge()");
        }
        long debited = 0;
        long last = -1;
        for (ByteBuffer row = ByteBuffer.wrap(rows); row.hasRemaining();) {
            int number = row.getInt();
            long debit = row.getLong();
            VaultLine line = vault.lines.getOrDefault(number, new VaultLine());
            if (Integer.toUnsignedLong(number) <= last) {
                throw new Refused("RowsNotAscending()");
            }
            last = Integer.toUnsignedLong(number);
            if (line.used + debit > Math.min(line.ceiling, line.deposited)) {
                throw new Refused("OverLimit(" + number + ", " + line.used + ", " + debit + ", "
                        + Math.min(line.ceiling, line.deposited) + ")");
            }
            line.used += debit;
            debited += debit;
        }
        long credited = 0;
        String lastPayee = "";
        for (ByteBuffer credit = ByteBuffer.wrap(credits); credit.hasRemaining();) {
            byte[] payee = new byte[20];
            credit.get(payee);
            long amount = credit.getLong();
            String hex = HexFormat.of().formatHex(payee);
            if (hex.compareTo(lastPayee) <= 0) {
                throw new Refused("CreditsNotAscending()");
            }
            lastPayee = hex;
            vault.credits.add(new Credit(Address.of(payee), amount, epoch, seq));
            credited += amount;
        }
        vault.surplus += debited - credited;
        if (vault.surplus < 0) {
            throw new Refused("Uncovered()");
        }
        vault.hash = History.afterBatch(vault.hash, seq, vault.newestLive(), root, rows, credits);
        vault.seq = seq;
        vault.live.add(seq);
        vault.rowsOf.put(seq, rows);
        return List.of(new VaultEvent.Posted(seq, HexFormat.of().formatHex(vault.hash), HexFormat.of().formatHex(root),
                Amount.ofNanos(debited * MICRO), Amount.ofNanos(credited * MICRO)));
    }

    @Override
    public void queue(Connection connection, String purpose, Address key, Call call) throws SQLException {
        Database.update(connection, "insert into fake_outbox (purpose, data) values (?, ?) on conflict do nothing", purpose,
                call.data());
    }

    @Override
    public Optional<Sent> find(Connection connection, String purpose) throws SQLException {
        return rows(connection).stream().filter(row -> row.purpose.equals(purpose)).findFirst().map(row -> {
            for (Block block : blocks) {
                Optional<String> fault = block.purposes.get(purpose);
                if (fault != null) {
                    boolean isFinal = block.ref.number() <= finalized;
                    State state = fault.isPresent() ? State.REVERTED : isFinal ? State.FINAL : State.MINED;
                    return new Sent(purpose, state, transaction(purpose), block.ref, fault.orElse(null), isFinal);
                }
            }
            return new Sent(purpose, row.signed ? State.SENT : State.QUEUED, row.signed ? transaction(purpose) : null, null,
                    row.fault, false);
        });
    }

    @Override
    public boolean withdraw(Connection connection, String purpose) throws SQLException {
        return Database.update(connection, "delete from fake_outbox where purpose = ? and not signed", purpose) == 1;
    }

    @Override
    public void know(SigningKey key) {
    }

    // The mirror

    @Override
    public Optional<ChainPosition> position(Connection connection) {
        return Optional.of(new ChainPosition(blocks.getLast().ref, finalized));
    }

    @Override
    public List<Integer> lines(Connection connection) {
        return List.copyOf(vault().lines.keySet());
    }

    @Override
    public List<Logged<?>> ofLine(Connection connection, int line) {
        return events().stream().filter(logged -> switch (logged.event()) {
            case VaultEvent.LineOpened its -> its.line() == line;
            case VaultEvent.Deposited its -> its.line() == line;
            case VaultEvent.CeilingRaised its -> its.line() == line;
            case VaultEvent.Exited its -> its.line() == line;
            default -> false;
        }).toList();
    }

    @Override
    public List<Logged<VaultEvent.LineOpened>> openedBy(Connection connection, Address owner) {
        return List.of();
    }

    @Override
    public List<Logged<?>> ofPayee(Connection connection, Address payee) {
        return events().stream()
                .filter(logged -> logged.event() instanceof VaultEvent.Withdrawn its && its.payee().equals(payee)).toList();
    }

    @Override
    public List<Logged<VaultEvent.Withdrawn>> withdrawnFrom(Connection connection, long block) {
        return List.of();
    }

    @Override
    public List<Logged<?>> batchesFrom(Connection connection, long seq) {
        return events().stream().filter(logged -> logged.event() instanceof VaultEvent.Posted its && its.seq() >= seq
                || logged.event() instanceof VaultEvent.Voided voided && voided.seq() >= seq).toList();
    }

    private List<Logged<?>> events() {
        List<Logged<?>> events = new ArrayList<>();
        for (Block block : blocks) {
            for (Mined mined : block.events) {
                events.add(new Logged<>(mined.event, block.ref, mined.transaction, events.size(),
                        block.ref.number() <= finalized));
            }
        }
        return events;
    }
}
