package farthing.receipt;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;

import farthing.chain.Keccak;

/**
 * A Merkle tree over leaves in the order given: {@code node = keccak256(0x01 ‖ left ‖ right)}. A node without a
 * neighbour moves up unchanged, so no leaf counts twice.
 */
public final class ReceiptTree {

    private static final byte[] NODE_PREFIX = { 1 };

    private final List<List<byte[]>> levels = new ArrayList<>();

    /** @param leaves at least one, 32 bytes each */
    public ReceiptTree(List<byte[]> leaves) {
        if (leaves.isEmpty()) {
            throw new IllegalArgumentException("a tree has at least one leaf");
        }
        levels.add(List.copyOf(leaves));
        while (levels.getLast().size() > 1) {
            levels.add(parents(levels.getLast()));
        }
    }

    public byte[] root() {
        return levels.getLast().getFirst().clone();
    }

    /** The neighbours from the leaf up; levels where the node has none are left out. */
    public List<byte[]> path(int leaf) {
        List<byte[]> path = new ArrayList<>();
        int index = leaf;
        for (List<byte[]> level : levels.subList(0, levels.size() - 1)) {
            int neighbour = index ^ 1;
            if (neighbour < level.size()) {
                path.add(level.get(neighbour).clone());
            }
            index >>= 1;
        }
        return path;
    }

    /** The root over leaves that are made when they are needed: a million of them take no memory. @param size at least 1 */
    static byte[] root(int size, IntFunction<byte[]> leaf) {
        return root(0, size, leaf);
    }

    /** {@link #path(int)} over leaves that are made when they are needed. */
    static List<byte[]> path(int index, int size, IntFunction<byte[]> leaf) {
        List<byte[]> path = new ArrayList<>();
        int from = 0;
        int to = size;
        while (to - from > 1) {
            int middle = middle(from, to);
            path.add(index < middle ? root(middle, to, leaf) : root(from, middle, leaf));
            from = index < middle ? from : middle;
            to = index < middle ? middle : to;
        }
        return path.reversed();
    }

    private static byte[] root(int from, int to, IntFunction<byte[]> leaf) {
        if (to - from == 1) {
            return leaf.apply(from);
        }
        int middle = middle(from, to);
        return Keccak.hash(NODE_PREFIX, root(from, middle, leaf), root(middle, to, leaf));
    }

    /** Moving up without a neighbour is the same as cutting at the largest power of two below the size. */
    private static int middle(int from, int to) {
        return from + Integer.highestOneBit(to - from - 1);
    }

    /** Whether the leaf stands at the index in a tree of that size with that root. */
    public static boolean proves(byte[] leaf, int index, int size, List<byte[]> path, byte[] root) {
        return climb(leaf, index, size, path).filter(top -> Arrays.equals(top, root)).isPresent();
    }

    /** The root to which the path leads from the leaf; empty where a tree of that size has no such path. */
    static Optional<byte[]> climb(byte[] leaf, int index, int size, List<byte[]> path) {
        if (index < 0 || index >= size) {
            return Optional.empty();
        }
        byte[] node = leaf;
        int at = index;
        int width = size;
        int used = 0;
        while (width > 1) {
            if ((at ^ 1) < width) {
                if (used == path.size()) {
                    return Optional.empty();
                }
                byte[] neighbour = path.get(used++);
                node = (at & 1) == 0 ? Keccak.hash(NODE_PREFIX, node, neighbour) : Keccak.hash(NODE_PREFIX, neighbour, node);
            }
            at >>= 1;
            // Not (width + 1) / 2, which overflows for the largest size.
            width -= width / 2;
        }
        return used == path.size() ? Optional.of(node) : Optional.empty();
    }

    private static List<byte[]> parents(List<byte[]> level) {
        List<byte[]> parents = new ArrayList<>((level.size() + 1) / 2);
        for (int i = 0; i + 1 < level.size(); i += 2) {
            parents.add(Keccak.hash(NODE_PREFIX, level.get(i), level.get(i + 1)));
        }
        if (level.size() % 2 == 1) {
            parents.add(level.getLast());
        }
        return parents;
    }
}
