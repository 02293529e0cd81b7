package farthing.receipt;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;

import farthing.chain.Keccak;
import farthing.money.Amount;

/**
 * The part of a batch's tree below one line. A section's node is
 * {@code keccak256(0x02 ‖ lease(8) ‖ firstSeq(4) ‖ count(4) ‖ cumulative before(8) ‖ cumulative after(8) ‖ root of its leaves)},
 * a line's {@code keccak256(0x03 ‖ line(4) ‖ cumulative before(8) ‖ cumulative after(8) ‖ sections(4) ‖ root of its sections)}.
 * Cumulatives count, in nanos, all that was ever settled of the line. The root of a batch is the {@link ReceiptTree} over the
 * nodes of its lines, which ascend as unsigned numbers.
 */
public final class LineTree {

    private static final int HASH = 32;

    private final LineFile file;
    private final Amount before;
    private final long[] after;
    private final byte[] sections;
    private final byte[] node;

    /** @param before the cumulative before this batch */
    public LineTree(LineFile file, Amount before) {
        this(file, before, hashed -> {
        });
    }

    /** @param progress is told how many receipts are hashed, after each */
    LineTree(LineFile file, Amount before, IntConsumer progress) {
        this.file = file;
        this.before = before;
        after = new long[file.sections()];
        sections = new byte[HASH * file.sections()];
        int hashed = 0;
        for (int section = 0; section < file.sections(); section++) {
            Amount sum = before(section);
            for (int i = 0; i < file.count(section); i++) {
                sum = sum.plus(file.receipt(section, i).charge());
            }
            after[section] = sum.nanos();
            int its = section;
            int done = hashed;
            byte[] root = ReceiptTree.root(file.count(section), i -> {
                progress.accept(done + i + 1);
                return file.receipt(its, i).leaf();
            });
            hashed += file.count(section);
            byte[] hash = sectionNode(file.lease(section), file.firstSeq(section), file.count(section), before(section), sum,
                    root);
            System.arraycopy(hash, 0, sections, HASH * section, HASH);
        }
        node = lineNode(file.line(), before, after(), file.sections(), ReceiptTree.root(file.sections(), this::section));
    }

    public byte[] node() {
        return node.clone();
    }

    public LineFile file() {
        return file;
    }

    public Amount before() {
        return before;
    }

    /** The cumulative after this batch. */
    public Amount after() {
        return after(file.sections() - 1);
    }

    Amount before(int section) {
        return section == 0 ? before : after(section - 1);
    }

    Amount after(int section) {
        return Amount.ofNanos(after[section]);
    }

    /** From a leaf up to the root of the leaves of its section. */
    List<byte[]> pathOfLeaf(int section, int index) {
        return ReceiptTree.path(index, file.count(section), i -> file.receipt(section, i).leaf());
    }

    /** From the node of a section up to the root of the sections. */
    List<byte[]> pathOfSection(int section) {
        return ReceiptTree.path(section, file.sections(), this::section);
    }

    private byte[] section(int index) {
        return Arrays.copyOfRange(sections, HASH * index, HASH * (index + 1));
    }

    static byte[] sectionNode(long lease, int firstSeq, int count, Amount before, Amount after, byte[] leavesRoot) {
        return Keccak.hash(ByteBuffer.allocate(1 + 8 + 4 + 4 + 8 + 8 + HASH).put((byte) 2).putLong(lease).putInt(firstSeq)
                .putInt(count).putLong(before.nanos()).putLong(after.nanos()).put(leavesRoot).array());
    }

    static byte[] lineNode(int line, Amount before, Amount after, int sections, byte[] sectionsRoot) {
        return Keccak.hash(ByteBuffer.allocate(1 + 4 + 8 + 8 + 4 + HASH).put((byte) 3).putInt(line).putLong(before.nanos())
                .putLong(after.nanos()).putInt(sections).put(sectionsRoot).array());
    }
}
