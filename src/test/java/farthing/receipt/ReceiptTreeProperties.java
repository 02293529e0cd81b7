package farthing.receipt;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;

import farthing.chain.Keccak;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class ReceiptTreeProperties {

    @Property(tries = 200)
    void everyLeafIsProvedByItsPathAndByNoOther(@ForAll @IntRange(min = 1, max = 70) int size,
            @ForAll @IntRange(max = 69) int any) {
        List<byte[]> leaves = leaves(size);
        ReceiptTree tree = new ReceiptTree(leaves);
        int index = any % size;
        List<byte[]> path = tree.path(index);
        assertThat(ReceiptTree.proves(leaves.get(index), index, size, path, tree.root())).isTrue();
        assertThat(ReceiptTree.proves(Keccak.hash("another"), index, size, path, tree.root())).isFalse();
        if (size > 1) {
            assertThat(ReceiptTree.proves(leaves.get(index), (index + 1) % size, size, path, tree.root())).isFalse();
            List<byte[]> bent = new ArrayList<>(path);
            bent.set(0, Keccak.hash("bent"));
            assertThat(ReceiptTree.proves(leaves.get(index), index, size, bent, tree.root())).isFalse();
            assertThat(ReceiptTree.proves(leaves.get(index), index, size, path.subList(1, path.size()), tree.root())).isFalse();
        }
    }

    @Property(tries = 50)
    void anInnerNodeNeverPassesForALeaf(@ForAll @IntRange(min = 2, max = 40) int size) {
        List<byte[]> leaves = leaves(size);
        ReceiptTree whole = new ReceiptTree(leaves);
        byte[] node = new ReceiptTree(leaves.subList(0, 2)).root();
        List<byte[]> upper = whole.path(0).subList(1, whole.path(0).size());
        // The upper half of a path proves the node only to somebody who believes in a smaller tree.
        assertThat(ReceiptTree.proves(node, 0, size, upper, whole.root())).isFalse();
    }

    private static List<byte[]> leaves(int size) {
        List<byte[]> leaves = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            leaves.add(Keccak.hash("leaf " + i));
        }
        return leaves;
    }
}
