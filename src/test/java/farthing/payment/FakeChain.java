package farthing.payment;

import java.sql.Connection;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

import farthing.chain.Address;
import farthing.chain.BlockRef;
import farthing.chain.ChainLog;
import farthing.chain.ChainPosition;
import farthing.chain.Logged;
import farthing.chain.VaultEvent;

/** A chain that does what a test says: one event a block, two blocks to finality. */
final class FakeChain implements ChainLog {

    private static final int TO_FINALITY = 2;
    static final Instant GENESIS = Instant.parse("2026-11-01T00:00:00Z");

    /** One a block; null in an empty one. */
    private final List<Optional<VaultEvent>> blocks = new ArrayList<>();
    private int fork;

    FakeChain mine(VaultEvent event) {
        blocks.add(Optional.of(event));
        return this;
    }

    /** Makes all that was mined final. */
    FakeChain settle() {
        for (int i = 0; i < TO_FINALITY; i++) {
            blocks.add(Optional.empty());
        }
        return this;
    }

    int height() {
        return blocks.size();
    }

    /** A re-org, or an older state of the chain restored: final blocks are no exception. */
    FakeChain rollBackTo(int height) {
        blocks.subList(height, blocks.size()).clear();
        fork++;
        return this;
    }

    @Override
    public Optional<ChainPosition> position(Connection connection) {
        return Optional.of(new ChainPosition(block(blocks.size()), finalized()));
    }

    @Override
    public List<Integer> lines(Connection connection) {
        return lines();
    }

    List<Integer> lines() {
        return events().flatMap(l -> l.event() instanceof VaultEvent.LineOpened o ? Stream.of(o.line()) : Stream.empty())
                .distinct().toList();
    }

    @Override
    public List<Logged<?>> ofLine(Connection connection, int line) {
        return ofLine(line);
    }

    List<Logged<?>> ofLine(int line) {
        return events().filter(l -> line(l.event()) == line).toList();
    }

    @Override
    public List<Logged<VaultEvent.LineOpened>> openedBy(Connection connection, Address owner) {
        return events().flatMap(l -> l.event() instanceof VaultEvent.LineOpened o && o.owner().equals(owner)
                ? Stream.of(new Logged<>(o, l.block(), l.transaction(), l.index(), l.finalized()))
                : Stream.<Logged<VaultEvent.LineOpened>> empty()).toList();
    }

    @Override
    public List<Logged<?>> ofPayee(Connection connection, Address payee) {
        return List.of();
    }

    @Override
    public List<Logged<VaultEvent.Withdrawn>> withdrawnFrom(Connection connection, long block) {
        return List.of();
    }

    @Override
    public List<Logged<?>> batchesFrom(Connection connection, long seq) {
        return List.of();
    }

    private long finalized() {
        return Math.max(0, blocks.size() - TO_FINALITY);
    }

    private BlockRef block(int number) {
        return new BlockRef(number, "0x%032x%032x".formatted(fork, number), GENESIS.plusSeconds(number));
    }

    private Stream<Logged<?>> events() {
        List<Logged<?>> events = new ArrayList<>();
        for (int i = 0; i < blocks.size(); i++) {
            int number = i + 1;
            blocks.get(i).ifPresent(event -> events
                    .add(new Logged<>(event, block(number), "0x%064x".formatted(number), 0, number <= finalized())));
        }
        return events.stream();
    }

    private static int line(VaultEvent event) {
        return switch (event) {
            case VaultEvent.LineOpened e -> e.line();
            case VaultEvent.SessionKeyReplaced e -> e.line();
            case VaultEvent.Deposited e -> e.line();
            case VaultEvent.CeilingRaised e -> e.line();
            case VaultEvent.ExitRequested e -> e.line();
            case VaultEvent.Exited e -> e.line();
            default -> 0;
        };
    }
}
